#include "models/http/wire.hpp"

#include <nlohmann/json.hpp>

#include "base/strict_json.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr int kDeepest = 64;
constexpr std::int64_t kMostTokens = 1'000'000'000'000;

Body text_list() { return {{"type", "array"}, {"items", {{"type", "string"}}}}; }

Body closed_object(Body properties) {
  Body required = Body::array();
  for (const auto& item : properties.items()) required.push_back(item.key());
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(required)},
          {"additionalProperties", false}};
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

bool has_elements(const json& object, std::string_view name) {
  const json& value = member(object, name);
  return value.is_structured() && !value.empty();
}

bool counts_server_tools(const json& usage) {
  // Perplexity, xAI, Anthropic, xAI's Responses.
  for (const char* name : {"num_search_queries", "num_sources_used", "num_server_side_tools_used"}) {
    if (tokens_of(usage, name).value_or(0) > 0) return true;
  }
  for (const char* name : {"server_tool_use", "server_side_tool_usage_details", "server_side_tool_usage"}) {
    const json& counts = member(usage, name);
    if (!counts.is_object()) continue;
    for (const auto& count : counts.items()) {
      if (tokens_of(counts, count.key()).value_or(0) > 0) return true;
    }
  }
  return has_elements(usage, "server_side_tools_used");
}

std::string Asked::user_with_system() const { return std::string(system) + "\n\n" + std::string(user); }

std::optional<AskingWay> Wire::fall_back(AskingWay way, std::string_view feature) const {
  if (feature == "form" && way.form != FormRequest::none) {
    way.form = way.form == FormRequest::json_schema ? FormRequest::json_object : FormRequest::none;
    return way;
  }
  if (feature == "system" && !way.system_joined) {
    way.system_joined = true;
    return way;
  }
  return std::nullopt;
}

std::string Wire::value_of(const AskingWay& way, std::string_view feature) const {
  if (feature == "system") return way.system_joined ? "joined" : "apart";
  if (feature != "form") return {};
  switch (way.form) {
    case FormRequest::json_schema: return "json_schema";
    case FormRequest::json_object: return "json_object";
    case FormRequest::none: return "none";
  }
  return {};
}

std::string Wire::why_not(Readout readout) const {
  return readout == Readout::verbalized ? "" : "this works only with the Chat Completions API (--api chat)";
}

std::optional<long> sum_of(const std::optional<long>& a, const std::optional<long>& b) {
  return a && b ? std::optional(*a + *b) : (a ? a : b);
}

json parse_body(std::string_view text) {
  if (is_nested_deeper(text, kDeepest)) return {};
  json parsed = json::parse(text, nullptr, false);
  return parsed.is_discarded() ? json() : parsed;
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
