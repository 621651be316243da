#include <nlohmann/json.hpp>

#include "models/anthropic/anthropic.hpp"
#include "models/anthropic/finish_words.hpp"

namespace heretix {
namespace {

using nlohmann::json;

// Blocks of a tool that Anthropic runs itself ("server_tool_use", "web_search_tool_result"), and text that cites.
bool shows_a_source(const json& block) {
  const std::string type = text_of(block, "type");
  return type == "server_tool_use" || type.ends_with("_tool_result") || has_elements(block, "citations");
}

// input_tokens leaves out what was read from or written to the cache.
Usage usage_of(const json& usage) {
  Usage found;
  found.cached_input = tokens_of(usage, "cache_read_input_tokens");
  found.cache_writes = tokens_of(usage, "cache_creation_input_tokens");
  found.long_cache_writes = tokens_of(member(usage, "cache_creation"), "ephemeral_1h_input_tokens");
  found.input = tokens_of(usage, "input_tokens");
  if (found.input) found.input = sum_of(sum_of(found.input, found.cached_input), found.cache_writes);
  found.output = tokens_of(usage, "output_tokens");
  found.reasoning = tokens_of(member(usage, "output_tokens_details"), "thinking_tokens");
  found.service_tier = text_of(usage, "service_tier");
  found.speed = text_of(usage, "speed");
  found.region = text_of(usage, "inference_geo");
  // A search is charged by the piece, beside the tokens.
  found.charge_is_unclear = tokens_of(member(usage, "server_tool_use"), "web_search_requests").value_or(0) > 0;
  return found;
}

}  // namespace

std::string MessagesWire::path(std::string_view /*model*/) const { return "/v1/messages"; }

// There is no JSON mode between a schema and none.
std::optional<AskingWay> MessagesWire::fall_back(AskingWay way, std::string_view feature) const {
  if (feature != "form") return Wire::fall_back(way, feature);
  if (way.form == FormRequest::none) return std::nullopt;
  way.form = FormRequest::none;
  return way;
}

Body MessagesWire::body(const Asked& asked) const {
  Body body = {{"model", asked.model}, {"max_tokens", asked.max_output_tokens}};
  if (!asked.way.system_joined) body["system"] = asked.system;
  body["messages"] = {
      {{"role", "user"}, {"content", asked.way.system_joined ? asked.user_with_system() : std::string(asked.user)}}};
  if (asked.way.form == FormRequest::json_schema)
    body["output_config"] = {{"format", {{"type", "json_schema"}, {"schema", answer_schema(false)}}}};
  if (asked.optional.temperature) body["temperature"] = *asked.optional.temperature;
  if (!asked.optional.effort.empty()) body["output_config"]["effort"] = asked.optional.effort;
  return body;
}

Said MessagesWire::read(const json& body) const {
  Said said;
  said.model = text_of(body, "model");
  said.response_id = text_of(body, "id");
  said.usage = usage_of(member(body, "usage"));
  said.finish = text_of(body, "stop_reason");
  said.ending = ending_of(kClaudeStopReasons, said.finish);
  said.leans_on_source = counts_server_tools(member(body, "usage"));

  const json& content = member(body, "content");
  if (!content.is_array()) {
    said.no_answer = "the reply has no `content`";
    return said;
  }
  for (const json& block : content) {
    if (text_of(block, "type") == "text") said.text += text_of(block, "text");
    if (shows_a_source(block)) said.leans_on_source = true;
  }
  return said;
}

}  // namespace heretix
