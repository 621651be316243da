#include "provider/price.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>

#include "base/error.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr long kMostTokens = 1'000'000'000;
constexpr std::int64_t kTokensOfForm = 600;        // our JSON schema and the provider's own words around it
constexpr double kMostDollarsPerMillion = 10'000;  // no model costs that; a misplaced point does
constexpr double kPicosPerDollarPerMillion = 1e6;  // of one token

bool is_believable(const std::optional<long>& tokens) { return tokens && *tokens >= 0 && *tokens <= kMostTokens; }

long within(const std::optional<long>& part, long whole) { return std::clamp(part.value_or(0), 0L, whole); }

[[noreturn]] void refuse(const std::string& place, const std::string& what) {
  throw Error(ErrorKind::bad_input, fmt::format("{}: {}", place, what),
              "docs/models.md shows the form of a price list");
}

std::optional<Usd> token_price(const json& entry, const char* field, const std::string& place) {
  const auto found = entry.find(field);
  if (found == entry.end()) return std::nullopt;
  const double dollars = found->is_number() ? found->get<double>() : -1;
  if (!(dollars >= 0 && dollars <= kMostDollarsPerMillion)) {
    refuse(place, fmt::format("'{}' must be a number of dollars per million tokens, from 0 to {}", field,
                              kMostDollarsPerMillion));
  }
  return Usd::from_picos(std::llround(dollars * kPicosPerDollarPerMillion));
}

int batch_percent_of(const json& entry, const std::string& place) {
  const json percent = entry.value("batch_percent", json(100));
  if (!percent.is_number_integer() || percent < 0 || percent > 100)
    refuse(place, "'batch_percent' must be from 0 to 100");
  return percent.get<int>();
}

void require_known_fields(const json& entry, const std::string& place) {
  constexpr std::array known = {"model", "input", "cached_input", "cache_write", "output", "batch_percent"};
  for (const auto& item : entry.items()) {
    if (std::ranges::find(known, item.key()) == known.end())
      refuse(place, fmt::format("unknown field '{}'", item.key()));
  }
}

Price price_from(const json& entry, const std::string& place) {
  require_known_fields(entry, place);
  const auto input = token_price(entry, "input", place);
  const auto output = token_price(entry, "output", place);
  if (!input || !output) refuse(place, "needs 'input' and 'output'");
  return {.input = *input,
          .cached_input = token_price(entry, "cached_input", place).value_or(*input),
          .cache_write = token_price(entry, "cache_write", place).value_or(*input),
          .output = *output,
          .answer = {},
          .batch_percent = batch_percent_of(entry, place)};
}

std::string without_date(const std::string& model) {
  static const std::regex date("-(20[0-9]{2}-[0-9]{2}-[0-9]{2}|20[0-9]{6})$");
  return std::regex_replace(model, date, "");
}

}  // namespace

std::optional<Usd> cost_of(const Price& price, const Usage& usage) {
  if (price.is_free()) return Usd();
  const Usd flat = price.answer;
  if (price.input == Usd() && price.output == Usd()) return flat;
  if (!is_believable(usage.input) || !is_believable(usage.output)) return std::nullopt;
  const long cached = within(usage.cached_input, *usage.input);
  const long written = within(usage.cache_writes, *usage.input - cached);
  return flat + price.input * (*usage.input - cached - written) + price.cached_input * cached +
         price.cache_write * written + price.output * *usage.output;
}

Price in_batch(const Price& price) {
  Price reduced = price;
  for (Usd* part : {&reduced.input, &reduced.cached_input, &reduced.cache_write, &reduced.output})
    *part = Usd::from_picos(part->picos() * price.batch_percent / 100);
  reduced.batch_percent = 100;
  return reduced;
}

Usd most_cost_of(const Price& price, const Plan& plan, const Question& question) {
  const auto bytes = static_cast<std::int64_t>(plan.system_text.size() + question.user_text.size());
  return price.answer + std::max(price.input, price.cache_write) * (bytes + kTokensOfForm) +
         price.output * plan.recipe.sampling.max_output_tokens;
}

PriceList PriceList::parse(std::string_view text, const std::string& source) {
  const json root = json::parse(text, nullptr, false);
  if (!root.is_object()) refuse(source, "not a JSON object");
  const json models = root.value("models", json());
  const json date = root.value("date", json());
  static const std::regex day("20[0-9]{2}-[0-9]{2}-[0-9]{2}");
  if (!date.is_string() || !std::regex_match(date.get<std::string>(), day)) refuse(source, "'date' must be YYYY-MM-DD");
  if (!models.is_array()) refuse(source, "'models' must be a list");
  PriceList list;
  list.date_ = date;
  for (std::size_t i = 0; i < models.size(); ++i) {
    const json& entry = models[i];
    if (!entry.is_object() || !entry.contains("model") || !entry["model"].is_string())
      refuse(source, fmt::format("entry {} has no 'model'", i));
    const std::string name = entry["model"];
    list.entries_.push_back({name, price_from(entry, fmt::format("{}: {}", source, name)), list.date_});
  }
  return list;
}

void PriceList::override_by(const PriceList& other) {
  std::erase_if(entries_, [&](const Entry& e) { return other.entry_of(e.model) != nullptr; });
  entries_.insert(entries_.end(), other.entries_.begin(), other.entries_.end());
}

const PriceList::Entry* PriceList::entry_of(const std::string& model) const {
  const auto found = std::ranges::find(entries_, model, &Entry::model);
  return found == entries_.end() ? nullptr : &*found;
}

std::optional<Price> PriceList::find(const std::string& model) const {
  const Entry* entry = entry_of(model);
  if (entry == nullptr) entry = entry_of(without_date(model));
  return entry == nullptr ? std::nullopt : std::optional(entry->price);
}

std::string PriceList::date_of(const std::string& model) const {
  const Entry* entry = entry_of(model);
  if (entry == nullptr) entry = entry_of(without_date(model));
  return entry == nullptr ? "" : entry->date;
}

}  // namespace heretix
