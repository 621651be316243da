// Shows a profile as a document and as JSON, and reads it back.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/stored_word.hpp"
#include "base/text.hpp"
#include "studies/probe/profile.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::string_view kFormat = "heretix_probe";
constexpr int kProfileVersion = 1;
constexpr double kAxisBeyond = 1.2;  // the axis reaches this many times as far as its largest value

// ---- Text ----

std::string ci(const Bounded& found, int digits) {
  return fmt::format("[{:.{}f}, {:.{}f}]", found.low, digits, found.high, digits);
}
std::string signed_ci(const Bounded& found) { return fmt::format("[{:+.2f}, {:+.2f}]", found.low, found.high); }

std::string headline(const Profile& profile) {
  if (profile.isolation.allows())
    return fmt::format("Wordings may go into one request, up to {} at a time.", profile.most_together);
  return fmt::format("Each wording is asked in a request of its own: {}.", profile.isolation.why_not);
}

std::string asked_of(const Profile& profile) {
  std::vector<std::string> names;
  for (const auto& [name, count] : profile.answered_by) names.push_back(on_one_line(name));
  std::string text = fmt::format("{} claims in {} wordings of {}, {} times each; {} answers", profile.claims,
                                 profile.wordings, profile.bank, profile.repeats, profile.answers);
  if (profile.unusable > 0) text += fmt::format(", {} of them unusable", profile.unusable);
  if (!names.empty()) text += fmt::format("; answered by {}", fmt::join(names, ", "));
  if (!profile.address.empty()) text += "; at " + on_one_line(profile.address);
  return text + ".";
}

std::string step_text(const NumbersFound& numbers) {
  return numbers.step > 0 ? fmt::format("{:g}", numbers.step) : "none seen";
}

std::string bounds_text(const NumbersFound& numbers) {
  if (!numbers.low_bound && !numbers.high_bound) return "no bounds inside 0 and 1 are seen";
  return fmt::format("they look cut off{}{}", numbers.low_bound ? fmt::format(" below {:g}", *numbers.low_bound) : "",
                     numbers.high_bound ? fmt::format(" above {:g}", *numbers.high_bound) : "");
}

using Cells = std::vector<std::string>;

void add_numbers(const Profile& profile, std::vector<Cells>& rows) {
  if (const auto& noise = profile.noise)
    rows.push_back({"noise of one number (s.d.)", fmt::format("{:.4f}", noise->deviation.value),
                    ci(noise->deviation, 4),
                    fmt::format("{} of {} statements gave different numbers when asked again", noise->differing,
                                noise->statements)});
  const NumbersFound& numbers = profile.numbers;
  rows.push_back({"step of the numbers", step_text(numbers), "",
                  fmt::format("{} different ones among {}", numbers.different, numbers.count)});
  rows.push_back({"smallest and largest number", fmt::format("{:.4g} to {:.4g}", numbers.least, numbers.greatest), "",
                  bounds_text(numbers)});
}

void add_complement(const Profile& profile, std::vector<Cells>& rows) {
  const auto& complement = profile.complement;
  if (!complement) return;
  rows.push_back({"p + p(negation)", fmt::format("{:.2f}", complement->sum.value), ci(complement->sum, 2),
                  "1 where a claim and its negation fit"});
  rows.push_back({"yes-bias (log-odds)", fmt::format("{:+.2f}", complement->yes_bias.value),
                  signed_ci(complement->yes_bias),
                  fmt::format("{} of {} pairs contradict each other", complement->contradicting, complement->pairs)});
}

void add_states(const Profile& profile, std::vector<Cells>& rows) {
  for (const StateFound& found : profile.states)
    rows.push_back({fmt::format("another neutral state: {} (log-odds)", found.state),
                    fmt::format("{:+.2f}", found.shift.value), signed_ci(found.shift),
                    fmt::format("a number moves by {:.2f} on average", found.distance)});
}

void add_latency(const Profile& profile, std::vector<Cells>& rows) {
  const auto& latency = profile.latency;
  if (!latency) return;
  const auto add = [&](const char* name, const Bounded& found) {
    rows.push_back({name, fmt::format("{:.0f} ms", found.value), ci(found, 0),
                    fmt::format("of {} requests, one after the other", latency->requests)});
  };
  add("latency, median", latency->median);
  add("latency, nine in ten are below", latency->ninth_decile);
}

std::string dollars(const std::optional<Usd>& price) {
  return price ? fmt::format("${:.3g}", price->dollars()) : "unknown";
}

void add_price(const Profile& profile, std::vector<Cells>& rows) {
  const PriceFound& price = profile.price;
  const auto add = [&](const char* name, const std::optional<Usd>& paid, const std::optional<double>& tokens) {
    std::string note = fmt::format("{} statements", price.statements);
    if (tokens) note += fmt::format(", {:.0f} tokens of input", *tokens);
    rows.push_back({name, dollars(paid), "", note});
  };
  add("price of a claim, asked alone", price.alone, price.tokens_alone);
  if (price.together || price.tokens_together) add("price of a claim, together", price.together, price.tokens_together);
}

std::string where_seen(const ShiftFound& found) {
  if (!(found.largest.value > 0)) return "";
  return fmt::format("\"{}\", wording {}", probe_claims()[std::min(found.claim, probe_claims().size() - 1)],
                     found.wording + 1);
}

std::string way_in_words(const ShiftFound& found) {
  switch (found.way) {
    case Way::alone: break;
    case Way::together: return fmt::format("{} in one request", found.in_one_request);
    case Way::reversed: return fmt::format("{} in one request, last first", found.in_one_request);
    case Way::renamed: return fmt::format("{} in one request, other ids", found.in_one_request);
    case Way::company: return fmt::format("among {} in one request", found.in_one_request);
  }
  return "alone";
}

void add_isolation(const Profile& profile, Document& document) {
  const IsolationFound& isolation = profile.isolation;
  if (isolation.ways.empty()) return;
  document.blocks.push_back(Heading{"How far a number shifts in company"});

  DocumentTable table{{"asked", "largest shift", "95 %", "seen at"}, {}};
  Forest forest{.axis = "largest shift from being asked alone, in probability",
                .from = 0,
                .to = kAxisBeyond * std::max(isolation.largest.high, kLargestShiftAllowed),
                .reference = kLargestShiftAllowed};

  for (const ShiftFound& found : isolation.ways) {
    table.rows.push_back(
        {way_in_words(found), fmt::format("{:.4f}", found.largest.value), ci(found.largest, 4), where_seen(found)});
    forest.rows.push_back({way_in_words(found), found.largest.value, found.largest.low, found.largest.high});
  }

  forest.rows.push_back({"any of them", isolation.largest.value, isolation.largest.low, isolation.largest.high, true});
  document.blocks.push_back(std::move(table));
  document.blocks.push_back(std::move(forest));
  document.blocks.push_back(
      Paragraph{fmt::format("Wordings go into one request where the upper end for all of them is at most {:.2f}.",
                            kLargestShiftAllowed),
                true});
}

// ---- JSON ----

json to_json(const Bounded& found) { return {{"value", found.value}, {"ci", {found.low, found.high}}}; }
Bounded bounded_from(const json& j) { return {j.at("value"), j.at("ci").at(0), j.at("ci").at(1)}; }

template <class T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}
json or_null(const std::optional<Usd>& value) { return value ? json(value->picos()) : json(nullptr); }

template <class T>
std::optional<T> optional_from(const json& j, const char* name) {
  return j.at(name).is_null() ? std::nullopt : std::optional<T>(j.at(name).get<T>());
}
std::optional<Usd> usd_from(const json& j, const char* name) {
  const auto picos = optional_from<std::int64_t>(j, name);
  return picos ? std::optional(Usd::from_picos(*picos)) : std::nullopt;
}

json to_json(const NoiseFound& found) {
  return {{"sd", to_json(found.deviation)}, {"statements", found.statements}, {"differing", found.differing}};
}
NoiseFound noise_from(const json& j) {
  return {.deviation = bounded_from(j.at("sd")), .statements = j.at("statements"), .differing = j.at("differing")};
}

json to_json(const NumbersFound& found) {
  return {{"count", found.count},
          {"different", found.different},
          {"step", found.step},
          {"least", found.least},
          {"greatest", found.greatest},
          {"low_bound", or_null(found.low_bound)},
          {"high_bound", or_null(found.high_bound)}};
}
NumbersFound numbers_from(const json& j) {
  return {.count = j.at("count"),
          .different = j.at("different"),
          .step = j.at("step"),
          .least = j.at("least"),
          .greatest = j.at("greatest"),
          .low_bound = optional_from<double>(j, "low_bound"),
          .high_bound = optional_from<double>(j, "high_bound")};
}

json to_json(const IsolationFound& found) {
  json ways = json::array();
  for (const ShiftFound& shift : found.ways)
    ways.push_back({{"asked", to_word(shift.way)},
                    {"in_one_request", shift.in_one_request},
                    {"statements", shift.statements},
                    {"largest_shift", to_json(shift.largest)},
                    {"claim", shift.claim},
                    {"wording", shift.wording}});
  return {{"ways", ways},
          {"largest_shift", to_json(found.largest)},
          {"allowed_shift", kLargestShiftAllowed},
          {"allows", found.allows()},
          {"open", found.is_open},
          {"why_not", found.why_not}};
}

Way stored_way(const std::string& word) {
  return require_known(way_from(word), "a way of asking in heretix_probes.profile_json", word);
}

IsolationFound isolation_from(const json& j) {
  IsolationFound found{
      .ways = {}, .largest = bounded_from(j.at("largest_shift")), .why_not = j.at("why_not"), .is_open = j.at("open")};
  for (const json& way : j.at("ways"))
    found.ways.push_back({.way = stored_way(way.at("asked")),
                          .in_one_request = way.at("in_one_request"),
                          .statements = way.at("statements"),
                          .largest = bounded_from(way.at("largest_shift")),
                          .claim = way.at("claim"),
                          .wording = way.at("wording")});
  return found;
}

json to_json(const ComplementFound& found) {
  return {{"pairs", found.pairs},
          {"contradicting", found.contradicting},
          {"sum", to_json(found.sum)},
          {"yes_bias", to_json(found.yes_bias)}};
}
ComplementFound complement_from(const json& j) {
  return {.pairs = j.at("pairs"),
          .contradicting = j.at("contradicting"),
          .sum = bounded_from(j.at("sum")),
          .yes_bias = bounded_from(j.at("yes_bias"))};
}

json to_json(const std::vector<StateFound>& found) {
  json states = json::array();
  for (const StateFound& state : found)
    states.push_back({{"state", state.state}, {"shift", to_json(state.shift)}, {"distance", state.distance}});
  return states;
}
std::vector<StateFound> states_from(const json& j) {
  std::vector<StateFound> states;
  for (const json& state : j)
    states.push_back({state.at("state"), bounded_from(state.at("shift")), state.at("distance")});
  return states;
}

json to_json(const LatencyFound& found) {
  return {{"requests", found.requests},
          {"median_ms", to_json(found.median)},
          {"ninth_decile_ms", to_json(found.ninth_decile)}};
}
LatencyFound latency_from(const json& j) {
  return {.requests = j.at("requests"),
          .median = bounded_from(j.at("median_ms")),
          .ninth_decile = bounded_from(j.at("ninth_decile_ms"))};
}

json to_json(const PriceFound& found) {
  return {{"statements", found.statements},
          {"alone_pico_usd", or_null(found.alone)},
          {"together_pico_usd", or_null(found.together)},
          {"tokens_alone", or_null(found.tokens_alone)},
          {"tokens_together", or_null(found.tokens_together)}};
}
PriceFound price_from(const json& j) {
  return {.statements = j.at("statements"),
          .alone = usd_from(j, "alone_pico_usd"),
          .together = usd_from(j, "together_pico_usd"),
          .tokens_alone = optional_from<double>(j, "tokens_alone"),
          .tokens_together = optional_from<double>(j, "tokens_together")};
}

template <class T>
json json_or_null(const std::optional<T>& found) {
  return found ? to_json(*found) : json(nullptr);
}

Profile read_profile(const json& j) {
  Profile profile{.probe_id = j.at("probe_id"),
                  .model = ModelName(j.at("model").get<std::string>()),
                  .address = j.at("address"),
                  .mode = j.at("mode"),
                  .started_at = j.at("started_at"),
                  .finished_at = j.at("finished_at"),
                  .program_version = j.at("program_version"),
                  .bank = j.at("bank"),
                  .claims = j.at("claims"),
                  .wordings = j.at("wordings"),
                  .repeats = j.at("repeats"),
                  .most_together = j.at("most_together"),
                  .answered_by = j.at("answered_by").get<std::map<std::string, std::size_t>>(),
                  .answers = j.at("answers"),
                  .unusable = j.at("unusable")};

  if (!j.at("noise").is_null()) profile.noise = noise_from(j["noise"]);
  profile.numbers = numbers_from(j.at("numbers"));
  profile.isolation = isolation_from(j.at("isolation"));
  if (!j.at("complement").is_null()) profile.complement = complement_from(j["complement"]);
  profile.states = states_from(j.at("states"));
  if (!j.at("latency").is_null()) profile.latency = latency_from(j["latency"]);
  profile.price = price_from(j.at("price"));

  return profile;
}

}  // namespace

Document to_document(const Profile& profile) {
  Document document{.title = fmt::format("What kind of instrument is {}?", profile.model), .blocks = {}};
  document.blocks.push_back(Paragraph{headline(profile)});
  document.blocks.push_back(Paragraph{asked_of(profile), true});

  DocumentTable table{{"", "found", "95 %", ""}, {}};
  add_numbers(profile, table.rows);
  add_complement(profile, table.rows);
  add_states(profile, table.rows);
  add_latency(profile, table.rows);
  add_price(profile, table.rows);
  document.blocks.push_back(std::move(table));
  add_isolation(profile, document);
  document.blocks.push_back(Paragraph{"What each number means: docs/probe.md.", true});
  return document;
}

json to_json(const Profile& profile) {
  return {{"format", kFormat},
          {"version", kProfileVersion},
          {"probe_id", profile.probe_id},
          {"model", profile.model},
          {"address", profile.address},
          {"mode", profile.mode},
          {"started_at", profile.started_at},
          {"finished_at", profile.finished_at},
          {"program_version", profile.program_version},
          {"bank", profile.bank},
          {"claims", profile.claims},
          {"wordings", profile.wordings},
          {"repeats", profile.repeats},
          {"most_together", profile.most_together},
          {"answered_by", profile.answered_by},
          {"answers", profile.answers},
          {"unusable", profile.unusable},
          {"noise", json_or_null(profile.noise)},
          {"numbers", to_json(profile.numbers)},
          {"isolation", to_json(profile.isolation)},
          {"complement", json_or_null(profile.complement)},
          {"states", to_json(profile.states)},
          {"latency", json_or_null(profile.latency)},
          {"price", to_json(profile.price)}};
}

Profile profile_from(const std::string& text) {
  try {
    const json j = json::parse(text);
    if (j.at("format") != kFormat || j.at("version") != kProfileVersion)
      throw Error(ErrorKind::broken, "the stored profile has a format that this program cannot read",
                  "use a newer heretix, or probe the model again");
    return read_profile(j);
  } catch (const json::exception& e) {
    throw Error(ErrorKind::broken, fmt::format("the stored profile cannot be read: {}", e.what()),
                "probe the model again");
  }
}

}  // namespace heretix
