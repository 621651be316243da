#include "answer/verdict.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "answer/strict_json.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kFence = "```";
constexpr int kMaxWrappers = 4;
constexpr std::array<std::string_view, 6> kThinking = {"think",     "thinking",   "thought",
                                                       "reasoning", "reflection", "scratchpad"};
constexpr std::array<const char*, 6> kWrapperKeys = {"response", "answer", "result", "output", "data", "content"};

constexpr std::array<std::pair<Reason, std::string_view>, 18> kWords = {{
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
    {Reason::provider_refusal, "provider_refusal"},
    {Reason::content_filter, "content_filter"},
    {Reason::length_stop, "length_stop"},
    {Reason::tool_use, "tool_use"},
    {Reason::unknown_finish, "unknown_finish"},
}};

Verdict refusal(Reason reason) { return {.prob_true = std::nullopt, .reason = reason}; }

std::string_view without_leading_space(std::string_view text) {
  const std::size_t start = text.find_first_not_of(kSpace);
  return start == std::string_view::npos ? std::string_view{} : text.substr(start);
}

std::string_view stripped(std::string_view text) {
  const std::string_view rest = without_leading_space(text);
  return rest.substr(0, rest.find_last_not_of(kSpace) + 1);
}

std::string_view stripped_of_mark(std::string_view text) {
  std::string_view rest = stripped(text);
  if (rest.starts_with(kByteOrderMark)) rest = stripped(rest.substr(kByteOrderMark.size()));
  return rest;
}

// Rule 2. Empty where a section is left open.
std::optional<std::string_view> without_thinking(std::string_view text) {
  const std::string lower = to_lower_ascii(text);
  std::size_t at = 0;
  for (;;) {
    const std::string_view rest = std::string_view(lower).substr(at);
    const auto name = std::ranges::find_if(
        kThinking, [&](std::string_view n) { return rest.starts_with("<" + std::string(n) + ">"); });
    if (name == kThinking.end()) return text.substr(at);
    const std::string closing = "</" + std::string(*name) + ">";
    const std::size_t end = lower.find(closing, at);
    if (end == std::string::npos) return std::nullopt;
    at = std::min(lower.find_first_not_of(kSpace, end + closing.size()), lower.size());
  }
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

bool is_belief_text(std::string_view text, json& value) {
  return parse_strict(text, value) == JsonFault::none && holds_belief(value);
}

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

// Rule 3, the last resort: exactly one object in the prose that holds a belief.
std::optional<Reason> find_in_prose(std::string_view text, json& value) {
  const Stretches found = outermost_objects(text);
  int beliefs = 0;
  for (const std::string_view stretch : found.balanced) {
    json candidate;
    if (is_belief_text(stretch, candidate)) {
      ++beliefs;
      value = std::move(candidate);
    }
  }
  if (beliefs > 1) return Reason::ambiguous;
  if (found.left_open) return Reason::truncated;
  return beliefs == 1 ? std::nullopt : std::optional(Reason::not_json);
}

// Rule 3.
std::optional<Reason> find_json(std::string_view text, json& value) {
  switch (parse_strict(text, value)) {
    case JsonFault::none: return std::nullopt;
    case JsonFault::duplicate_key: return Reason::duplicate_key;
    case JsonFault::too_deep: return Reason::too_deep;
    case JsonFault::syntax: break;
  }
  if (is_belief_text(fenced(text), value)) return std::nullopt;
  return find_in_prose(text, value);
}

// What a wrapper holds; empty where the value is none.
std::optional<json> unwrapped(const json& value) {
  if (value.is_array() && value.size() == 1) return value[0];
  if (value.is_string()) {
    json inside;
    if (parse_strict(value.get_ref<const std::string&>(), inside) == JsonFault::none) return inside;
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
std::vector<json> levels_of(json value) {
  std::vector<json> levels = {std::move(value)};
  for (int i = 0; i < kMaxWrappers && !holds_belief(levels.back()); ++i) {
    std::optional<json> inside = unwrapped(levels.back());
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

// Rule 6.
bool declines(const json& level) {
  const json* flags = find(level, "flags");
  if (flags == nullptr) return false;
  const auto is_true = [&](const char* key) {
    const json* flag = find(*flags, key);
    return flag != nullptr && *flag == true;
  };
  return is_true("refused") || is_true("off_topic");
}

// Rule 7.
bool has_link(std::string_view text) {
  const std::string lower = to_lower_ascii(text);
  return lower.find("http://") != std::string::npos || lower.find("https://") != std::string::npos ||
         lower.find("www.") != std::string::npos;
}

bool has_link_inside(const json& value) {
  if (value.is_string()) return has_link(value.get_ref<const std::string&>());
  if (value.is_object()) {
    return std::ranges::any_of(value.items(),
                               [](const auto& item) { return has_link(item.key()) || has_link_inside(item.value()); });
  }
  return value.is_array() && std::ranges::any_of(value, has_link_inside);
}

}  // namespace

std::string_view to_word(Reason reason) {
  return std::ranges::find(kWords, reason, &std::pair<Reason, std::string_view>::first)->second;
}

std::optional<Reason> reason_from(std::string_view word) {
  const auto found = std::ranges::find(kWords, word, &std::pair<Reason, std::string_view>::second);
  return found == kWords.end() ? std::nullopt : std::optional(found->first);
}

bool deserves_another_try(Reason reason) {
  return reason <= Reason::contradictory || reason == Reason::cites_source || reason == Reason::tool_use;
}

bool is_by_ending(Reason reason) { return reason >= Reason::provider_refusal; }

bool is_only_thinking(std::string_view raw) { return without_thinking(stripped_of_mark(raw)).value_or("").empty(); }

Verdict read_answer(std::string_view raw) {
  if (raw.size() > kMaxAnswerBytes) return refusal(Reason::too_long);
  const std::string_view text = stripped_of_mark(raw);
  if (text.empty()) return refusal(Reason::empty);
  const auto spoken = without_thinking(text);
  if (!spoken) return refusal(Reason::not_json);
  json value;
  if (const auto fault = find_json(*spoken, value)) return refusal(*fault);
  const std::vector<json> levels = levels_of(std::move(value));
  Verdict verdict = probability_of(levels.back());
  if (!verdict.usable()) return verdict;
  if (std::ranges::any_of(levels, declines)) verdict.reason = Reason::refused;
  else if (has_link(raw) || std::ranges::any_of(levels, has_link_inside)) verdict.reason = Reason::cites_source;
  return verdict;
}

}  // namespace heretix
