#include "provider/http/wire.hpp"

#include <nlohmann/json.hpp>

#include "provider/http/times.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr int kDeepest = 64;
constexpr std::int64_t kMostTokens = 1'000'000'000'000;

// Counted outside of strings, before anything is built: 100,000 levels cost nothing.
bool is_too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      else if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kDeepest) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

Body text_list() { return {{"type", "array"}, {"items", {{"type", "string"}}}}; }

Body closed_object(Body properties) {
  Body required = Body::array();
  for (const auto& item : properties.items()) required.push_back(item.key());
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
}

// Google says what ran out, and for how long, in its details.
void read_details(const json& details, ProviderError& error) {
  if (!details.is_array()) return;
  for (const json& detail : details) {
    const std::string type = text_of(detail, "@type");
    if (type.ends_with("RetryInfo")) error.retry_after = parse_duration(text_of(detail, "retryDelay"));
    if (!type.ends_with("QuotaFailure") || !member(detail, "violations").is_array()) continue;
    for (const json& violation : member(detail, "violations")) {
      if (text_of(violation, "quotaId").find("PerDay") != std::string::npos) error.code = "daily_quota";
    }
  }
}

// Some say it in a sentence only.
std::string code_of_message(const std::string& code, const std::string& message) {
  if (message.find("credit balance is too low") != std::string::npos) return "credits_exhausted";
  if (message.find("spending limit") != std::string::npos) return "spend_limit_reached";
  return code;
}

}  // namespace

const json& member(const json& object, std::string_view name) {
  static const json none;
  if (!object.is_object()) return none;
  const auto found = object.find(std::string(name));
  return found == object.end() ? none : *found;
}

std::string text_of(const json& object, std::string_view name) {
  const json& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string{};
}

std::optional<long> tokens_of(const json& object, std::string_view name) {
  const json& value = member(object, name);
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > kMostTokens) return std::nullopt;
  return value.get<std::int64_t>();
}

std::string Wire::why_not(Readout readout) const {
  return readout == Readout::verbalized ? "" : "this is for the Chat Completions API (--api chat)";
}

std::optional<long> sum_of(const std::optional<long>& a, const std::optional<long>& b) {
  return a && b ? std::optional(*a + *b) : (a ? a : b);
}

json parse_body(std::string_view text) {
  if (is_too_deep(text)) return {};
  json parsed = json::parse(text, nullptr, false);
  return parsed.is_discarded() ? json() : parsed;
}

ProviderError read_error(const json& body) {
  const json& outer = body.is_array() && !body.empty() ? body[0] : body;
  const json& inner = member(outer, "error");
  ProviderError error;
  error.is_error = !inner.is_null();
  if (inner.is_string()) {  // xAI: {"code": "…", "error": "…"}
    error.message = inner.get<std::string>();
    error.code = text_of(outer, "code");
  } else {
    error.message = text_of(inner, "message");
    error.parameter = text_of(inner, "param");
    for (const char* name : {"code", "status", "type"}) {
      if (error.code.empty()) error.code = text_of(inner, name);
    }
    read_details(member(inner, "details"), error);
  }
  error.code = code_of_message(error.code, error.message);
  return error;
}

Body answer_schema(bool with_ranges) {
  Body probability = {{"type", "number"}};
  if (with_ranges) probability.update({{"minimum", 0}, {"maximum", 1}});
  const Body labels = {"very_unlikely", "unlikely", "uncertain", "likely", "very_likely"};
  return closed_object(
      {{"belief",
        closed_object({{"prob_true", std::move(probability)}, {"label", {{"type", "string"}, {"enum", labels}}}})},
       {"reasons", text_list()},
       {"assumptions", text_list()},
       {"uncertainties", text_list()},
       {"flags", closed_object({{"refused", {{"type", "boolean"}}}, {"off_topic", {{"type", "boolean"}}}})}});
}

}  // namespace heretix
