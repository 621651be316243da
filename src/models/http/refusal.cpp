#include "models/http/refusal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include "base/text.hpp"

namespace heretix {
namespace {

using Words = std::span<const std::string_view>;

// All words below are looked for in a message in lower case.
constexpr std::array<std::string_view, 1> kTemperature = {"temperature"};
constexpr std::array<std::string_view, 3> kLogprobs = {"logprobs", "message.output_text", "'include'"};
constexpr std::array<std::string_view, 3> kReasoning = {"reasoning", "effort", "thinking"};

// That something is not taken at all.
constexpr std::array<std::string_view, 17> kLacking = {
    "not support",       "unsupported",      "isn't supported", "are supported", "deprecated",      "not enabled",
    "not allowed",       "not permitted",    "not available",   "unavailable",   "not implemented", "unknown name",
    "unknown parameter", "unknown argument", "unrecognized",    "unexpected",    "extra inputs"};

// That others of its kind would be taken.
constexpr std::array<std::string_view, 19> kOtherValues = {
    "supported values", "must be one of",   "should be",      "expected one of", "unknown variant",
    "invalid value",    "may only be set",  "must be set to", "must be between", "must be less",
    "must be greater",  "must be at",       "(must be",       "is not a valid",  "valid values",
    "allowed values",   "retry with other", "out of range",   "valid options"};
constexpr std::array<std::string_view, 5> kValueCodes = {"unsupported_value", "invalid_value", "literal_error", "enum",
                                                         "invalid_enum_value"};

constexpr std::array<std::string_view, 14> kForm = {
    "response_format",    "responseformat",    "json_schema",        "json schema",         "json_object",
    "json mode",          "structured output", "text.format",        "output_config",       "output_format",
    "responsejsonschema", "responsemimetype",  "response_mime_type", "response_json_schema"};
constexpr std::array<std::string_view, 6> kFormFaults = {
    "must be",           "invalid schema", "failed to parse grammar",
    "cannot find field", "invalid value",  "must contain the word"};

constexpr std::array<std::string_view, 7> kTooMuch = {"too large", "too high", "at most", "maximum",
                                                      "less than", "range",    "exceed"};

constexpr std::array<std::string_view, 9> kSystem = {"system role",   "system message",     "system instruction",
                                                     "system prompt", "system_instruction", "systeminstruction",
                                                     "'system'",      "\"system\"",         "developer instruction"};
constexpr std::array<std::string_view, 2> kOtherRoles = {"only user and assistant roles", "roles must alternate"};

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

bool says(std::string_view text, Words words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

// What is looked at of an error, in lower case.
struct Told {
  std::string message;
  std::string parameter;
  std::string code;

  bool names(Words words) const { return says(message, words) || says(parameter, words); }
  bool says_it_is_lacking() const { return says(message, kLacking) || code.starts_with("unsupported_parameter"); }
  // "Only the default (1) value is supported" leaves nothing to choose, so the parameter itself is refused.
  bool says_others_are_taken() const {
    if (message.find("only the default") != std::string::npos) return false;
    return says(message, kOtherValues) || std::ranges::find(kValueCodes, code) != kValueCodes.end();
  }
};

// The values behind "supported values are:" and the like, up to the end of the sentence.
std::string allowed_values(const std::string& message) {
  constexpr std::array<std::string_view, 9> kBefore = {
      "supported values are:", "supported values are", "must be one of",   "expected one of", "input should be",
      "may only be set to",    "allowed values:",      "valid values are", "must be"};
  const std::string lower = in_lower_case(message);
  for (const std::string_view before : kBefore) {
    const std::size_t at = lower.find(before);
    if (at == std::string::npos) continue;

    std::string values = message.substr(at + before.size());
    for (const std::string_view end : {". ", ") ", ")", "\n", ", 'input'"}) values = values.substr(0, values.find(end));
    std::erase_if(values, [](char c) { return c == '\'' || c == '"' || c == '`' || c == '[' || c == ']'; });
    while (!values.empty() && (values.back() == '.' || values.back() == ' ')) values.pop_back();
    const std::size_t first = values.find_first_not_of(": ");
    return first == std::string::npos ? "" : shortened(on_one_line(values.substr(first)), 200);
  }
  return {};
}

Words words_for(const std::string& parameter) {
  if (parameter == "temperature") return kTemperature;
  return parameter == "logprobs" ? Words(kLogprobs) : Words(kReasoning);
}

// Where the error speaks of it: its `param` field comes before its message. npos: nowhere.
std::size_t place_of(const SentParameter& parameter, const Told& told) {
  const Words words = words_for(parameter.name);
  if (says(told.parameter, words)) return 0;
  std::size_t first = std::string::npos;
  for (const std::string_view word : words) first = std::min(first, told.message.find(word));
  // OpenAI's "Unsupported value: 'minimal' is not supported with the 'gpt-5.1' model" names the value alone.
  if (parameter.name == "reasoning")
    first = std::min(first, told.message.find("'" + in_lower_case(parameter.value) + "'"));
  return first == std::string::npos ? first : first + 1;
}

Refused refused_parameter(const Told& told, const ProviderError& error, const OptionalParameters& sent) {
  const std::vector<SentParameter> parameters = sent_parameters(sent);
  if (parameters.empty()) return {};
  const auto first =
      std::ranges::min_element(parameters, {}, [&](const SentParameter& p) { return place_of(p, told); });
  if (place_of(*first, told) == std::string::npos) return {};

  if (told.says_others_are_taken())
    return {RefusedKind::value, first->name, first->value, allowed_values(error.message)};
  if (told.says_it_is_lacking() || says(told.parameter, words_for(first->name)))
    return {RefusedKind::parameter, first->name, first->value};
  return {};
}

Refused refused_way(const Told& told, const AskingWay& way, const Wire& wire) {
  const auto refused = [&](const char* name) {
    return wire.fall_back(way, name) ? Refused{RefusedKind::way, name, wire.value_of(way, name)} : Refused{};
  };

  // A limit that is too large is no missing feature: another name for it would not help.
  const std::string limit = in_lower_case(wire.value_of(way, "limit"));
  const std::array<std::string_view, 1> limit_words = {limit};
  const bool is_too_much = says(told.message, kTooMuch);
  if (!limit.empty() && told.names(limit_words) && told.says_it_is_lacking() && !is_too_much) return refused("limit");

  const bool speaks_of_form = told.names(kForm) || told.message.find("parse grammar") != std::string::npos;
  if (speaks_of_form && (told.says_it_is_lacking() || says(told.message, kFormFaults) || says(told.parameter, kForm)))
    return refused("form");

  const bool speaks_of_system = told.names(kSystem) && told.says_it_is_lacking();
  if (speaks_of_system || says(told.message, kOtherRoles)) return refused("system");
  return {};
}

}  // namespace

std::vector<SentParameter> sent_parameters(const OptionalParameters& sent) {
  std::vector<SentParameter> parameters;
  if (sent.logprobs) parameters.push_back({"logprobs", "true"});
  if (!sent.effort.empty()) parameters.push_back({"reasoning", sent.effort});
  if (sent.temperature) parameters.push_back({"temperature", fmt::format("{}", *sent.temperature)});
  return parameters;
}

std::string sent_beside(const OptionalParameters& sent, std::string_view name) {
  std::string text;
  for (const SentParameter& parameter : sent_parameters(sent)) {
    if (parameter.name == name) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : ";", parameter.name, parameter.value);
  }
  return text;
}

Refused read_refusal(const ProviderError& error, const OptionalParameters& sent, const AskingWay& way,
                     const Wire& wire) {
  const Told told{in_lower_case(error.message), in_lower_case(error.parameter), in_lower_case(error.code)};
  Refused refused = refused_parameter(told, error, sent);
  return refused.kind == RefusedKind::nothing ? refused_way(told, way, wire) : refused;
}

}  // namespace heretix
