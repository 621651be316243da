#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "models/http/usage.hpp"
#include "models/openai/openai.hpp"

namespace heretix {
namespace {

using nlohmann::json;

// What the provider runs itself while it answers. A function call is none of these: it would be ours to run.
constexpr std::array<std::string_view, 6> kServerTools = {
    "web_search_call", "file_search_call", "mcp_call", "code_interpreter_call", "tool_search_call", "mcp_list_tools"};

// The text, or the refusal that stands in its place.
void read_part(const json& part, Said& said) {
  const std::string type = text_of(part, "type");
  if (type == "refusal") {
    said.text += text_of(part, "refusal");
    said.ending = Ending::refused;
    said.finish = "refusal";
  }
  if (type != "output_text") return;
  if (has_elements(part, "annotations")) said.leans_on_source = true;
  said.text += text_of(part, "text");
  const json& logprobs = member(part, "logprobs");
  if (logprobs.is_array() && !logprobs.empty())
    said.logprobs = logprobs.dump(-1, ' ', false, json::error_handler_t::replace);
}

// Of messages with a phase only the final answer is read; "commentary" comes before it.
void read_item(const json& item, Said& said) {
  const std::string type = text_of(item, "type");
  if (std::ranges::find(kServerTools, type) != kServerTools.end()) said.leans_on_source = true;
  const std::string phase = text_of(item, "phase");
  const json& content = member(item, "content");
  if (type != "message" || !content.is_array() || (!phase.empty() && phase != "final_answer")) return;
  for (const json& part : content) read_part(part, said);
}

Usage responses_usage_of(const json& body) {
  const json& usage = member(body, "usage");
  const json& input = member(usage, "input_tokens_details");
  Usage found;
  read_counts({.prompt = tokens_of(usage, "input_tokens"),
               .completion = tokens_of(usage, "output_tokens"),
               .reasoning = tokens_of(member(usage, "output_tokens_details"), "reasoning_tokens"),
               .total = tokens_of(usage, "total_tokens")},
              false, found);
  found.cached_input = tokens_of(input, "cached_tokens");
  found.cache_writes = tokens_of(input, "cache_write_tokens");
  found.long_cache_writes = tokens_of(member(input, "cache_write_tokens_details"), "ttl_12h_tokens");
  found.service_tier = text_of(body, "service_tier");
  read_charge(usage, found);
  return found;
}

}  // namespace

std::string ResponsesWire::path(std::string_view /*model*/) const { return "/responses"; }

Body ResponsesWire::body(const Asked& asked) const {
  Body body = {{"model", asked.model}};
  if (!asked.way.system_joined) body["instructions"] = asked.system;
  body["input"] = {
      {{"role", "user"}, {"content", asked.way.system_joined ? asked.user_with_system() : std::string(asked.user)}}};
  body["max_output_tokens"] = asked.max_output_tokens;

  if (asked.way.form == FormRequest::json_schema)
    body["text"]["format"] = {
        {"type", "json_schema"}, {"name", "belief"}, {"strict", true}, {"schema", answer_schema(true)}};
  if (asked.way.form == FormRequest::json_object) body["text"]["format"] = {{"type", "json_object"}};
  body["store"] = false;

  if (asked.optional.temperature) body["temperature"] = *asked.optional.temperature;
  if (!asked.optional.effort.empty()) body["reasoning"] = {{"effort", asked.optional.effort}};
  if (asked.optional.logprobs) {
    body["include"] = {"message.output_text.logprobs"};
    body["top_logprobs"] = kTopLogprobs;
  }
  return body;
}

Said ResponsesWire::read(const json& body) const {
  Said said;
  said.model = text_of(body, "model");
  said.response_id = text_of(body, "id");
  said.usage = responses_usage_of(body);
  said.finish = text_of(body, "status");
  if (const std::string why = text_of(member(body, "incomplete_details"), "reason"); !why.empty()) said.finish = why;
  said.ending = ending_of(kResponseStatuses, said.finish);
  said.leans_on_source = counts_server_tools(member(body, "usage"));

  const json& output = member(body, "output");
  if (!output.is_array()) {
    said.no_answer = "the reply has no `output`";
    return said;
  }
  for (const json& item : output) read_item(item, said);
  return said;
}

}  // namespace heretix
