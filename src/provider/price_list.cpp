#include "provider/price_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>

#include "base/error.hpp"
#include "base/number.hpp"

namespace heretix {
namespace {

using nlohmann::json;
using Day = std::chrono::sys_days;

constexpr double kMostDollarsPerMillion = 10'000;  // no model costs that; a misplaced point does
constexpr double kPicosPerDollarPerMillion = 1e6;  // of one token
constexpr double kMostSurcharge = 10;
constexpr int kNewestVersion = 2;

constexpr std::array<std::string_view, 5> kRateFields = {"input", "cached_input", "cache_write", "cache_write_long",
                                                         "output"};

[[noreturn]] void refuse(const std::string& place, const std::string& what) {
  throw Error(ErrorKind::bad_input, fmt::format("{}: {}", place, what),
              "docs/models.md shows the form of a price list");
}

void require_fields(const json& object, const std::string& place, std::vector<std::string_view> known) {
  if (!object.is_object()) refuse(place, "must be an object");
  for (const auto& item : object.items()) {
    if (std::ranges::find(known, item.key()) == known.end())
      refuse(place, fmt::format("unknown field '{}'", item.key()));
  }
}

std::vector<std::string_view> rate_fields_and(std::initializer_list<std::string_view> more) {
  std::vector<std::string_view> fields(kRateFields.begin(), kRateFields.end());
  fields.insert(fields.end(), more);
  return fields;
}

Usd per_token(double dollars_per_million) {
  return Usd::from_picos(std::llround(dollars_per_million * kPicosPerDollarPerMillion));
}

std::optional<Usd> token_price(const json& entry, const char* field, const std::string& place) {
  const auto found = entry.find(field);
  if (found == entry.end()) return std::nullopt;
  const double dollars = found->is_number() ? found->get<double>() : -1;
  if (!(dollars >= 0 && dollars <= kMostDollarsPerMillion)) {
    refuse(place, fmt::format("'{}' must be a number of dollars per million tokens, from 0 to {}", field,
                              kMostDollarsPerMillion));
  }
  return per_token(dollars);
}

Rates rates_from(const json& entry, const std::string& place) {
  const auto input = token_price(entry, "input", place);
  const auto output = token_price(entry, "output", place);
  if (!input || !output) refuse(place, "needs 'input' and 'output'");
  return {.input = *input,
          .cached_input = token_price(entry, "cached_input", place).value_or(*input),
          .cache_write = token_price(entry, "cache_write", place).value_or(*input),
          .long_cache_write = token_price(entry, "cache_write_long", place),
          .output = *output};
}

Tariff tariff_from(const json& entry, const std::string& place) {
  Tariff tariff{.rates = rates_from(entry, place)};
  const json longer = entry.value("long_prompts", json::array());
  if (!longer.is_array()) refuse(place, "'long_prompts' must be a list");
  for (const json& one : longer) {
    const std::string inner = place + ": long_prompts";
    require_fields(one, inner, rate_fields_and({"from_tokens"}));
    const json from = one.value("from_tokens", json());
    const long least = tariff.long_prompts.empty() ? 1 : tariff.long_prompts.back().from_tokens + 1;
    if (!from.is_number_integer() || from.get<std::int64_t>() < least)
      refuse(inner, "'from_tokens' must be a whole number above the one before");
    tariff.long_prompts.push_back({from.get<long>(), rates_from(one, inner)});
  }
  return tariff;
}

Day day_of(const json& value, const std::string& place, const char* field) {
  const auto day = value.is_string() ? day_from(value.get<std::string>()) : std::nullopt;
  if (!day) refuse(place, fmt::format("'{}' must be a date as YYYY-MM-DD", field));
  return *day;
}

void read_tiers(const json& period, const std::string& place, Price& price) {
  const json tiers = period.value("tiers", json::object());
  if (!tiers.is_object()) refuse(place, "'tiers' must be an object");
  for (const auto& [word, tier] : tiers.items()) {
    const std::string inner = fmt::format("{}: {}", place, word);
    require_fields(tier, inner, rate_fields_and({"long_prompts"}));
    price.tiers.emplace(word, tariff_from(tier, inner));
  }
}

void read_regions(const json& period, const std::string& place, Price& price) {
  const json regions = period.value("regions", json::object());
  if (!regions.is_object()) refuse(place, "'regions' must be an object");
  for (const auto& [word, factor] : regions.items()) {
    const double times = factor.is_number() ? factor.get<double>() : 0;
    if (!(times >= 1 && times <= kMostSurcharge))
      refuse(place, fmt::format("the region '{}' must have a factor from 1 to {}", word, kMostSurcharge));
    price.regions.emplace(word, static_cast<int>(std::lround(times * 1000)));
  }
}

// Version 2: a list of periods.
PriceHistory history_from(const json& entry, const std::string& place) {
  const json list = entry.value("prices", json());
  if (!list.is_array()) refuse(place, "'prices' must be a list; an empty one says that the price is not known");
  std::vector<PriceHistory::Period> periods;
  for (const json& one : list) {
    require_fields(one, place, rate_fields_and({"from", "long_prompts", "tiers", "regions"}));
    PriceHistory::Period period;
    if (one.contains("from")) period.from = day_of(one["from"], place, "from");
    if (!periods.empty() && (!period.from || (periods.back().from && *periods.back().from >= *period.from)))
      refuse(place, "the periods of 'prices' must be in order, and all but the first need 'from'");
    Price price{.standard = tariff_from(one, place)};
    read_tiers(one, place, price);
    read_regions(one, place, price);
    period.price = std::move(price);
    periods.push_back(std::move(period));
  }
  return PriceHistory(std::move(periods));
}

Rates percent_of(const Rates& rates, int percent) {
  const auto part = [&](Usd whole) { return Usd::from_picos(whole.picos() * percent / 100); };
  return {.input = part(rates.input),
          .cached_input = part(rates.cached_input),
          .cache_write = part(rates.cache_write),
          .output = part(rates.output)};
}

// Version 1: one price for all days, and a percentage of it for batches.
PriceHistory history_from_version_1(const json& entry, const std::string& place) {
  require_fields(entry, place, {"model", "input", "cached_input", "cache_write", "output", "batch_percent"});
  const json percent = entry.value("batch_percent", json(100));
  if (!percent.is_number_integer() || percent < 0 || percent > 100)
    refuse(place, "'batch_percent' must be from 0 to 100");
  Price price{.standard = tariff_from(entry, place)};
  price.tiers.emplace("batch", Tariff{.rates = percent_of(price.standard.rates, percent.get<int>())});
  return PriceHistory({{.price = std::move(price)}});
}

PriceList::Entry entry_from(const json& entry, const std::string& source, std::size_t index, int version) {
  if (!entry.is_object() || !entry.contains("model") || !entry["model"].is_string())
    refuse(source, fmt::format("entry {} has no 'model'", index));
  PriceList::Entry found{.model = entry["model"]};
  const std::string place = fmt::format("{}: {}", source, found.model);
  if (version == 1) {
    found.history = history_from_version_1(entry, place);
    return found;
  }

  require_fields(entry, place, {"model", "also", "retires", "retired", "prices"});
  const json also = entry.value("also", json::array());
  for (const json& name : also) {
    if (!also.is_array() || !name.is_string()) refuse(place, "'also' must be a list of names");
    found.also.push_back(name);
  }
  if (entry.contains("retires")) {
    day_of(entry["retires"], place, "retires");
    found.retires = entry["retires"];
  }
  const json retired = entry.value("retired", json(false));
  if (!retired.is_boolean()) refuse(place, "'retired' must be true or false");
  found.is_retired = retired;
  found.history = history_from(entry, place);
  return found;
}

int version_of(const json& root, const std::string& source) {
  const json version = root.value("version", json(1));
  if (version.is_number_integer() && version >= 1 && version <= kNewestVersion) return version.get<int>();
  refuse(source, fmt::format("'version' must be 1 or {}, which this program reads", kNewestVersion));
}

std::string without_date(const std::string& model) {
  static const std::regex date("-(20[0-9]{2}-[0-9]{2}-[0-9]{2}|20[0-9]{6})$");
  return std::regex_replace(model, date, "");
}

bool names(const PriceList::Entry& entry, const std::string& model) {
  return entry.model == model || std::ranges::find(entry.also, model) != entry.also.end();
}

}  // namespace

std::optional<Day> day_from(const std::string& text) {
  static const std::regex form("20[0-9]{2}-[0-9]{2}-[0-9]{2}");
  if (!std::regex_match(text, form)) return std::nullopt;
  const auto part = [&](std::size_t at, std::size_t count) {
    return static_cast<int>(whole_number(text.substr(at, count)).value_or(0));
  };
  const std::chrono::year_month_day day{std::chrono::year(part(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(part(5, 2))),
                                        std::chrono::day(static_cast<unsigned>(part(8, 2)))};
  return day.ok() ? std::optional(Day(day)) : std::nullopt;
}

std::optional<Price> PriceHistory::on(Day day) const {
  const Period* valid = nullptr;
  const Period* next = nullptr;
  for (const Period& period : periods_) {
    if (!period.from || *period.from <= day) valid = &period;
    else if (*period.from <= day + std::chrono::days(1)) next = &period;
  }
  if (valid == nullptr || !valid->price) return std::nullopt;
  Price price = *valid->price;
  if (next != nullptr && next->price) price.soon.push_back(next->price->standard);
  return price;
}

PriceHistory PriceHistory::in_batch() const {
  std::vector<Period> reduced;
  for (const Period& period : periods_)
    reduced.push_back({period.from, period.price ? heretix::in_batch(*period.price) : std::nullopt});
  return PriceHistory(std::move(reduced));
}

PriceList PriceList::parse(std::string_view text, const std::string& source) {
  const json root = json::parse(text, nullptr, false);
  if (!root.is_object()) refuse(source, "not a JSON object");
  const int version = version_of(root, source);
  const json date = root.value("date", json());
  day_of(date, source, "date");
  const json models = root.value("models", json());
  if (!models.is_array()) refuse(source, "'models' must be a list");

  PriceList list;
  list.date_ = date;
  for (std::size_t i = 0; i < models.size(); ++i) {
    Entry entry = entry_from(models[i], source, i, version);
    entry.date = list.date_;
    list.entries_.push_back(std::move(entry));
  }
  return list;
}

void PriceList::override_by(const PriceList& other) {
  const auto is_replaced = [&](const std::string& name) {
    return std::ranges::any_of(other.entries_, [&](const Entry& e) { return names(e, name); });
  };
  std::erase_if(entries_, [&](const Entry& e) { return is_replaced(e.model); });
  for (Entry& entry : entries_) std::erase_if(entry.also, is_replaced);
  entries_.insert(entries_.end(), other.entries_.begin(), other.entries_.end());
}

const PriceList::Entry* PriceList::find(const std::string& model) const {
  for (const std::string& name : {model, without_date(model)}) {
    const auto found = std::ranges::find_if(entries_, [&](const Entry& e) { return names(e, name); });
    if (found != entries_.end()) return &*found;
  }
  return nullptr;
}

PriceHistory price_from_text(const std::string& text) {
  const auto dollars = [](std::string_view part) -> std::optional<double> {
    double value = 0;
    const auto [end, failed] = std::from_chars(part.data(), part.data() + part.size(), value);
    const bool is_whole = failed == std::errc{} && end == part.data() + part.size();
    return is_whole && value >= 0 && value <= kMostDollarsPerMillion ? std::optional(value) : std::nullopt;
  };
  const std::string_view all = text;
  const std::size_t comma = all.find(',');
  const auto input = dollars(all.substr(0, comma));
  const auto output = comma == std::string_view::npos ? std::nullopt : dollars(all.substr(comma + 1));
  if (!input || !output) {
    throw Error(ErrorKind::bad_input,
                fmt::format("--price is '{}', must be IN,OUT: dollars per million tokens, each from 0 to {}", text,
                            kMostDollarsPerMillion),
                "for example --price 1.25,10");
  }

  const Rates rates{.input = per_token(*input),
                    .cached_input = per_token(*input),
                    .cache_write = per_token(*input),
                    .long_cache_write = {},
                    .output = per_token(*output)};
  Price price{.standard = {.rates = rates}};
  price.tiers.emplace("batch", price.standard);  // the price of this run, which may be a batch
  return PriceHistory({{.price = std::move(price)}});
}

}  // namespace heretix
