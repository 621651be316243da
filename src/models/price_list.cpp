#include "models/price_list.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>

#include "base/error.hpp"
#include "base/number.hpp"
#include "base/strict_json.hpp"

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

constexpr const char* kHint = "docs/models.md shows the form of a price list";

// A value of the list: where it stands, and whose price it is.
struct Place {
  const PlacedJson& file;
  std::string pointer{};
  std::string of{};  // the model, and what of it

  Place at(std::string_view field) const { return {file, fmt::format("{}/{}", pointer, field), of}; }
  Place at(std::size_t index) const { return {file, fmt::format("{}/{}", pointer, index), of}; }
  Place named(std::string_view name) const {
    return {file, pointer, of.empty() ? std::string(name) : fmt::format("{}: {}", of, name)};
  }
};

[[noreturn]] void refuse(const Place& place, const std::string& what) {
  place.file.refuse(place.pointer, place.of.empty() ? what : fmt::format("{}: {}", place.of, what));
}

void require_fields(const json& object, const Place& place, std::vector<std::string_view> known) {
  if (!object.is_object()) refuse(place, "must be an object");
  for (const auto& item : object.items()) {
    if (std::ranges::find(known, item.key()) == known.end())
      refuse(place.at(item.key()), fmt::format("unknown field '{}'", item.key()));
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

std::optional<Usd> token_price(const json& entry, const char* field, const Place& place) {
  const auto found = entry.find(field);
  if (found == entry.end()) return std::nullopt;
  const double dollars = found->is_number() ? found->get<double>() : -1;
  if (!(dollars >= 0 && dollars <= kMostDollarsPerMillion)) {
    refuse(place.at(field), fmt::format("'{}' must be a number of dollars per million tokens, from 0 to {}", field,
                                        kMostDollarsPerMillion));
  }
  return per_token(dollars);
}

Rates rates_from(const json& entry, const Place& place) {
  const auto input = token_price(entry, "input", place);
  const auto output = token_price(entry, "output", place);
  if (!input || !output) refuse(place, "needs 'input' and 'output'");
  return {.input = *input,
          .cached_input = token_price(entry, "cached_input", place).value_or(*input),
          .cache_write = token_price(entry, "cache_write", place).value_or(*input),
          .long_cache_write = token_price(entry, "cache_write_long", place),
          .output = *output};
}

Tariff tariff_from(const json& entry, const Place& place) {
  Tariff tariff{.rates = rates_from(entry, place)};
  const json longer = entry.value("long_prompts", json::array());
  if (!longer.is_array()) refuse(place.at("long_prompts"), "'long_prompts' must be a list");
  for (std::size_t i = 0; i < longer.size(); ++i) {
    const json& one = longer[i];
    const Place inner = place.at("long_prompts").at(i).named("long_prompts");
    require_fields(one, inner, rate_fields_and({"from_tokens"}));
    const json from = one.value("from_tokens", json());
    const long least = tariff.long_prompts.empty() ? 1 : tariff.long_prompts.back().from_tokens + 1;
    if (!from.is_number_integer() || from.get<std::int64_t>() < least)
      refuse(inner, "'from_tokens' must be a whole number above the one before");
    tariff.long_prompts.push_back({from.get<long>(), rates_from(one, inner)});
  }
  return tariff;
}

// The day that stands in that field of an object.
Day day_of(const json& object, const char* field, const Place& place) {
  const json value = object.value(field, json());
  const auto day = value.is_string() ? day_from(value.get<std::string>()) : std::nullopt;
  if (day) return *day;

  static const std::regex form("20[0-9]{2}-[0-9]{2}-[0-9]{2}");
  if (value.is_string() && std::regex_match(value.get<std::string>(), form))
    refuse(place.at(field),
           fmt::format("'{}' is {}, which is not a date in any calendar", field, value.get<std::string>()));
  refuse(place.at(field), fmt::format("'{}' must be a date as YYYY-MM-DD", field));
}

void read_tiers(const json& period, const Place& place, Price& price) {
  const json tiers = period.value("tiers", json::object());
  if (!tiers.is_object()) refuse(place.at("tiers"), "'tiers' must be an object");
  for (const auto& [word, tier] : tiers.items()) {
    const Place inner = place.at("tiers").at(word).named(word);
    require_fields(tier, inner, rate_fields_and({"long_prompts"}));
    price.tiers.emplace(word, tariff_from(tier, inner));
  }
}

void read_regions(const json& period, const Place& place, Price& price) {
  const json regions = period.value("regions", json::object());
  if (!regions.is_object()) refuse(place.at("regions"), "'regions' must be an object");
  for (const auto& [word, factor] : regions.items()) {
    const double times = factor.is_number() ? factor.get<double>() : 0;
    if (!(times >= 1 && times <= kMostSurcharge))
      refuse(place.at("regions").at(word),
             fmt::format("the region '{}' must have a factor from 1 to {}", word, kMostSurcharge));
    price.regions.emplace(word, static_cast<int>(std::lround(times * 1000)));
  }
}

// Each period begins after the one before it. Two that begin on one day would be two prices for one time.
void require_later(const std::optional<Day>& from, const std::vector<PriceHistory::Period>& before,
                   const Place& place) {
  if (before.empty()) return;
  if (from && before.back().from == from)
    refuse(place.at("from"), fmt::format("there is a second price from {:%F} on", *from));
  if (!from || (before.back().from && *before.back().from > *from))
    refuse(place.at("from"), "the periods of 'prices' must be in order, and all but the first need 'from'");
}

// Version 2: a list of periods.
PriceHistory history_from(const json& entry, const Place& place) {
  const json list = entry.value("prices", json());
  const Place all = place.at("prices");
  if (!list.is_array()) refuse(all, "'prices' must be a list; an empty one says that the price is not known");
  std::vector<PriceHistory::Period> periods;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json& one = list[i];
    const Place here = all.at(i);
    require_fields(one, here, rate_fields_and({"from", "long_prompts", "tiers", "regions"}));
    PriceHistory::Period period;
    if (one.contains("from")) period.from = day_of(one, "from", here);
    require_later(period.from, periods, here);
    Price price{.standard = tariff_from(one, here)};
    read_tiers(one, here, price);
    read_regions(one, here, price);
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
PriceHistory history_from_version_1(const json& entry, const Place& place) {
  require_fields(entry, place, {"model", "input", "cached_input", "cache_write", "output", "batch_percent"});
  const json percent = entry.value("batch_percent", json(100));
  if (!percent.is_number_integer() || percent < 0 || percent > 100)
    refuse(place.at("batch_percent"), "'batch_percent' must be from 0 to 100");
  Price price{.standard = tariff_from(entry, place)};
  price.tiers.emplace("batch", Tariff{.rates = percent_of(price.standard.rates, percent.get<int>())});
  return PriceHistory({{.price = std::move(price)}});
}

PriceList::Entry entry_from(const json& entry, std::size_t index, const Place& here, int version) {
  if (!entry.is_object() || !entry.contains("model") || !entry["model"].is_string())
    refuse(here, fmt::format("entry {} has no 'model'", index));
  PriceList::Entry found{.model = entry["model"]};
  const Place place = here.named(found.model);
  if (version == 1) {
    found.history = history_from_version_1(entry, place);
    return found;
  }

  require_fields(entry, place, {"model", "also", "retires", "retired", "prices"});
  const json also = entry.value("also", json::array());
  for (const json& name : also) {
    if (!also.is_array() || !name.is_string()) refuse(place.at("also"), "'also' must be a list of names");
    found.also.push_back(name);
  }
  if (entry.contains("retires")) {
    day_of(entry, "retires", place);
    found.retires = entry["retires"];
  }
  const json retired = entry.value("retired", json(false));
  if (!retired.is_boolean()) refuse(place.at("retired"), "'retired' must be true or false");
  found.is_retired = retired;
  found.history = history_from(entry, place);
  return found;
}

// A name that two entries have would have two prices, and one of them would be taken without a word.
void require_new_names(const PriceList::Entry& entry, const Place& place, std::map<std::string, std::size_t>& lines) {
  std::vector<std::string> names = entry.also;
  names.push_back(entry.model);
  for (const std::string& name : names) {
    const auto [first, is_new] = lines.emplace(name, place.file.place_of(place.pointer).line);
    if (is_new) continue;
    refuse(place,
           fmt::format("a second entry for {}, the first is in line {}; prices from different days belong in the "
                       "list 'prices' of one entry",
                       name, first->second));
  }
}

int version_of(const json& root, const Place& place) {
  const json version = root.value("version", json(1));
  if (version.is_number_integer() && version >= 1 && version <= kNewestVersion) return version.get<int>();
  refuse(place.at("version"), fmt::format("'version' must be 1 or {}, which this program reads", kNewestVersion));
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
  const PlacedJson file(text, source, kHint);
  const Place place{file};
  const json& root = file.root();
  if (!root.is_object()) refuse(place, "not a JSON object");
  const int version = version_of(root, place);
  day_of(root, "date", place);
  const json models = root.value("models", json());
  if (!models.is_array()) refuse(place.at("models"), "'models' must be a list");

  PriceList list;
  list.date_ = root["date"];
  std::map<std::string, std::size_t> lines;  // of each name
  for (std::size_t i = 0; i < models.size(); ++i) {
    const Place here = place.at("models").at(i);
    Entry entry = entry_from(models[i], i, here, version);
    require_new_names(entry, here, lines);
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
                fmt::format("--price is '{}'; it must be IN,OUT: dollars per million tokens, each from 0 to {}", text,
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
