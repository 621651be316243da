#include "belief/answer/verdict.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/resolution.hpp"
#include "base/strict_json.hpp"
#include "base/text.hpp"
#include "base/word_table.hpp"
#include "belief/answer/label.hpp"
#include "belief/answer/links.hpp"
#include "belief/answer/quoting.hpp"
#include "belief/answer/thinking.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kFence = "```";
constexpr int kMaxWrappers = 4;
constexpr std::array<const char*, 6> kWrapperKeys = {"response", "answer", "result", "output", "data", "content"};

constexpr WordTable<Reason, 20> kWords({
    {Reason::too_long, "too_long"},
    {Reason::empty, "empty"},
    {Reason::not_json, "not_json"},
    {Reason::duplicate_key, "duplicate_key"},
    {Reason::too_deep, "too_deep"},
    {Reason::ambiguous, "ambiguous"},
    {Reason::truncated, "truncated"},
    {Reason::no_probability, "no_probability"},
    {Reason::not_a_number, "not_a_number"},
    {Reason::out_of_range, "out_of_range"},
    {Reason::contradictory, "contradictory"},
    {Reason::refused, "refused"},
    {Reason::cites_source, "cites_source"},
    {Reason::searched, "searched"},
    {Reason::provider_refusal, "provider_refusal"},
    {Reason::content_filter, "content_filter"},
    {Reason::length_stop, "length_stop"},
    {Reason::tool_use, "tool_use"},
    {Reason::unknown_finish, "unknown_finish"},
    {Reason::missing_answer, "missing_answer"},
});

Verdict refusal(Reason reason) { return {.prob_true = std::nullopt, .reason = reason}; }

std::string_view stripped_of_mark(std::string_view text) {
  std::string_view rest = trimmed(text, kWhiteSpace);
  if (rest.starts_with(kByteOrderMark)) rest = trimmed(rest.substr(kByteOrderMark.size()), kWhiteSpace);
  return rest;
}

const json* find(const json& value, const char* key) {
  if (!value.is_object()) return nullptr;
  const auto found = value.find(key);
  return found == value.end() ? nullptr : &*found;
}

const json* nested_probability(const json& value) {
  const json* belief = find(value, "belief");
  return belief == nullptr ? nullptr : find(*belief, "prob_true");
}

bool holds_belief(const json& value) {
  return find(value, "prob_true") != nullptr || nested_probability(value) != nullptr;
}

// By which rules a text is searched, and how the numbers in it are read.
struct Search {
  int rules;
  Numbers numbers = Numbers::as_values;

  JsonFault parse(std::string_view text, json& value) const {
    return parse_strict(text, kMaxAnswerDepth, value, numbers);
  }
  bool is_belief_text(std::string_view text, json& value) const {
    return parse(text, value) == JsonFault::none && holds_belief(value);
  }
};

// What stands between exactly two fences, the info string skipped; empty otherwise.
std::string_view fenced(std::string_view text) {
  const std::size_t open = text.find(kFence);
  if (open == std::string_view::npos) return {};
  const std::size_t close = text.find(kFence, open + kFence.size());
  if (close == std::string_view::npos || text.find(kFence, close + kFence.size()) != std::string_view::npos) return {};
  const std::string_view inside = text.substr(open + kFence.size(), close - open - kFence.size());
  const std::size_t line_end = inside.find('\n');
  return line_end == std::string_view::npos ? std::string_view{} : inside.substr(line_end + 1);
}

struct Stretches {
  std::vector<std::string_view> balanced;  // outermost {…}
  bool left_open = false;
};

Stretches outermost_objects(std::string_view text) {
  Stretches found;
  std::size_t start = 0;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      else if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = depth > 0;
    } else if (c == '{') {
      if (depth++ == 0) start = i;
    } else if (c == '}' && depth > 0 && --depth == 0) {
      found.balanced.push_back(text.substr(start, i + 1 - start));
    }
  }
  found.left_open = depth > 0;
  return found;
}

// Rule 3, the last resort: exactly one object in the prose that holds a belief. By rules 1 the same text twice is two.
std::optional<Reason> find_in_prose(std::string_view text, const Search& search, json& value) {
  const Stretches found = outermost_objects(text);
  std::vector<std::string_view> beliefs;
  bool is_said = false;
  for (const std::string_view stretch : found.balanced) {
    json candidate;
    if (!search.is_belief_text(stretch, candidate)) continue;
    const bool is_repeated = search.rules > 1 && std::ranges::find(beliefs, stretch) != beliefs.end();
    if (!is_repeated) beliefs.push_back(stretch);
    is_said = is_said || search.rules == 1 || !is_quoted(text, stretch);
    value = std::move(candidate);
  }
  if (beliefs.size() > 1) return Reason::ambiguous;
  if (found.left_open) return Reason::truncated;
  return is_said ? std::nullopt : std::optional(Reason::not_json);
}

std::optional<Reason> reason_of(JsonFault fault) {
  switch (fault) {
    case JsonFault::duplicate_key: return Reason::duplicate_key;
    case JsonFault::too_deep: return Reason::too_deep;
    case JsonFault::none:
    case JsonFault::syntax: return std::nullopt;
  }
  return std::nullopt;
}

// The same where the whole text is no JSON.
std::optional<Reason> find_within(std::string_view text, const Search& search, json& value) {
  const std::string_view inside = fenced(text);
  if (search.is_belief_text(inside, value)) {
    if (search.rules == 1) return std::nullopt;
    const std::size_t open = text.find(kFence);
    const std::size_t close = text.rfind(kFence) + kFence.size();
    return is_quoted(text, text.substr(open, close - open)) ? std::optional(Reason::not_json) : std::nullopt;
  }
  return find_in_prose(text, search, value);
}

// Rules 2 and 3 of version 1.
std::optional<Reason> find_by_first_rules(std::string_view text, const Search& search, json& value) {
  const auto spoken = after_leading_thinking(text);
  if (!spoken) return Reason::not_json;
  const JsonFault fault = search.parse(*spoken, value);
  if (fault == JsonFault::syntax) return find_within(*spoken, search, value);
  return reason_of(fault);
}

// Rules 2 and 3. A text that is JSON as a whole holds no thinking: a mark of it there is quoted.
std::optional<Reason> find_json(std::string_view text, const Search& search, json& value) {
  if (search.rules == 1) return find_by_first_rules(text, search, value);
  const JsonFault whole = search.parse(text, value);
  if (whole != JsonFault::syntax) return reason_of(whole);
  const ThinkingMarks marks(text);
  if (marks.empty()) return find_within(text, search, value);

  std::vector<std::string_view> answers;
  if (marks.any_after(text.find('{'))) {
    for (const std::string_view stretch : outermost_objects(text).balanced) {
      json candidate;
      if (marks.any_in(stretch) && search.is_belief_text(stretch, candidate)) answers.push_back(stretch);
    }
  }
  const auto said = marks.said(answers);
  if (!said) return Reason::not_json;
  const std::string_view spoken = trimmed(*said, kWhiteSpace);
  const JsonFault fault = search.parse(spoken, value);
  if (fault == JsonFault::syntax) return find_within(spoken, search, value);
  return reason_of(fault);
}

// What a wrapper holds; empty where the value is none.
std::optional<json> unwrapped(const json& value, const Search& search) {
  if (value.is_array() && value.size() == 1) return value[0];
  if (value.is_string()) {
    json inside;
    if (search.parse(value.get_ref<const std::string&>(), inside) == JsonFault::none) return inside;
    return std::nullopt;
  }
  const json* held = nullptr;
  for (const char* key : kWrapperKeys) {
    if (const json* candidate = find(value, key)) {
      if (held != nullptr) return std::nullopt;
      held = candidate;
    }
  }
  return held == nullptr ? std::nullopt : std::optional(*held);
}

// Rule 4: the value and what it wraps, outermost first, ending at the first that holds a belief.
std::vector<json> levels_of(json value, const Search& search) {
  std::vector<json> levels = {std::move(value)};
  for (int i = 0; i < kMaxWrappers && !holds_belief(levels.back()); ++i) {
    std::optional<json> inside = unwrapped(levels.back(), search);
    if (!inside) break;
    levels.push_back(std::move(*inside));
  }
  return levels;
}

// Rule 5 for one of the two places.
std::optional<Reason> fault_of(const json& number) {
  if (!number.is_number()) return Reason::not_a_number;
  const double p = number.get<double>();
  return p >= 0.0 && p <= 1.0 ? std::nullopt : std::optional(Reason::out_of_range);
}

// Rule 5.
Verdict probability_of(const json& value) {
  const json* outer = find(value, "prob_true");
  const json* inner = nested_probability(value);
  if (outer == nullptr && inner == nullptr) return refusal(Reason::no_probability);
  for (const json* present : {outer, inner}) {
    if (present == nullptr) continue;
    if (const auto fault = fault_of(*present)) return refusal(*fault);
  }
  const double p = (inner != nullptr ? inner : outer)->get<double>();
  if (outer != nullptr && outer->get<double>() != p) return refusal(Reason::contradictory);
  return {.prob_true = Probability{p == 0.0 ? 0.0 : p}, .reason = std::nullopt};  // -0 becomes 0
}

// How many decimals the number of a usable answer was written with.
int decimals_in(std::string_view text, int rules) {
  const Search search{.rules = rules, .numbers = Numbers::as_written};
  json value;
  find_json(text, search, value);
  const std::vector<json> levels = levels_of(std::move(value), search);
  const json* inner = nested_probability(levels.back());
  return decimals_written((inner != nullptr ? inner : find(levels.back(), "prob_true"))->get_ref<const std::string&>());
}

// Rule 6.
bool declines(const json& level, int rules) {
  const json* flags = find(level, "flags");
  if (flags == nullptr) return false;
  const auto is_true = [&](const char* key) {
    const json* flag = find(*flags, key);
    if (flag == nullptr) return false;
    return *flag == true || (rules > 1 && (*flag == "true" || *flag == 1));
  };
  return is_true("refused") || is_true("off_topic");
}

// Rule 7.
bool has_link_inside(const json& value, const ForeignLinks& links) {
  if (value.is_string()) return links.are_in(value.get_ref<const std::string&>());
  if (value.is_object()) {
    return std::ranges::any_of(value.items(), [&](const auto& item) {
      return links.are_in(item.key()) || has_link_inside(item.value(), links);
    });
  }
  return value.is_array() && std::ranges::any_of(value, [&](const json& v) { return has_link_inside(v, links); });
}

// Of the object that holds the belief; it stands beside the number.
std::optional<bool> label_fits_in(const json& level, Probability p) {
  const json* belief = nested_probability(level) != nullptr ? find(level, "belief") : &level;
  const json* label = find(*belief, "label");
  return label != nullptr && label->is_string() ? label_fits(label->get_ref<const std::string&>(), p) : std::nullopt;
}

}  // namespace

std::string_view to_word(Reason reason) { return kWords.word(reason); }

std::optional<Reason> reason_from(std::string_view word) { return kWords.value(word); }

bool deserves_another_try(Reason reason) {
  return reason <= Reason::contradictory || reason == Reason::cites_source || reason == Reason::searched ||
         reason == Reason::tool_use || reason == Reason::missing_answer;
}

std::string_view note_of(const Verdict& verdict) {
  return verdict.usable() && verdict.label_fits == false ? "contradicts_label" : "";
}

bool is_by_ending(Reason reason) { return reason >= Reason::provider_refusal; }

bool is_only_thinking(std::string_view raw) {
  const std::string_view text = stripped_of_mark(raw);
  if (text.empty()) return true;
  return is_blank(ThinkingMarks(text).said({}).value_or(""));
}

Verdict read_answer(std::string_view raw, const AnswerReading& reading) {
  if (raw.size() > kMaxAnswerBytes) return refusal(Reason::too_long);
  const std::string_view text = stripped_of_mark(raw);
  if (text.empty()) return refusal(Reason::empty);

  json value;
  const Search search{.rules = reading.rules};
  if (const auto fault = find_json(text, search, value)) return refusal(*fault);
  const std::vector<json> levels = levels_of(std::move(value), search);
  Verdict verdict = probability_of(levels.back());
  if (!verdict.usable()) return verdict;

  const ForeignLinks links(reading.rules == 1 ? std::string_view() : std::string_view(reading.claim));
  const auto leans_on_source = [&](const json& level) { return has_link_inside(level, links); };
  if (std::ranges::any_of(levels, [&](const json& level) { return declines(level, reading.rules); }))
    verdict.reason = Reason::refused;
  else if (links.are_in(raw) || std::ranges::any_of(levels, leans_on_source)) verdict.reason = Reason::cites_source;
  else if (reading.rules > 1) verdict.label_fits = label_fits_in(levels.back(), *verdict.prob_true);
  if (verdict.usable()) verdict.decimals = decimals_in(text, reading.rules);
  return verdict;
}

Verdict read_again(std::string_view raw, const Verdict& kept, const AnswerReading& reading) {
  if (kept.reason && is_by_ending(*kept.reason)) return kept;
  Verdict again = read_answer(raw, reading);
  if (!again.usable()) return again;

  // Earlier builds called a search a cited source; where the text cites none by their rules, it was a search.
  const bool was_search =
      kept.reason == Reason::searched ||
      (kept.reason == Reason::cites_source && read_answer(raw, {.rules = 1}).reason != Reason::cites_source);
  return was_search ? Verdict{again.prob_true, kept.reason} : again;
}

}  // namespace heretix
