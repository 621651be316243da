#include <nlohmann/json.hpp>

#include "provider/anthropic/anthropic.hpp"

namespace heretix {
namespace {

using nlohmann::json;

Ending ending_of(const std::string& stop_reason) {
  if (stop_reason == "max_tokens" || stop_reason == "model_context_window_exceeded") return Ending::length;
  return stop_reason == "refusal" ? Ending::refused : Ending::complete;
}

// input_tokens leaves out what was read from or written to the cache.
Usage usage_of(const json& usage) {
  Usage found;
  found.cached_input = tokens_of(usage, "cache_read_input_tokens");
  found.cache_writes = tokens_of(usage, "cache_creation_input_tokens");
  found.input = tokens_of(usage, "input_tokens");
  if (found.input) found.input = sum_of(sum_of(found.input, found.cached_input), found.cache_writes);
  found.output = tokens_of(usage, "output_tokens");
  found.reasoning = tokens_of(member(usage, "output_tokens_details"), "thinking_tokens");
  return found;
}

}  // namespace

std::string MessagesWire::path(std::string_view /*model*/) const { return "/v1/messages"; }

Body MessagesWire::body(const Asked& asked) const {
  Body body = {{"model", asked.model},
               {"max_tokens", asked.max_output_tokens},
               {"system", asked.system},
               {"messages", {{{"role", "user"}, {"content", asked.user}}}},
               {"output_config", {{"format", {{"type", "json_schema"}, {"schema", answer_schema(false)}}}}}};
  if (asked.optional.temperature) body["temperature"] = *asked.optional.temperature;
  if (!asked.optional.effort.empty()) body["output_config"]["effort"] = asked.optional.effort;
  return body;
}

Said MessagesWire::read(const json& body) const {
  Said said;
  said.finish = text_of(body, "stop_reason");
  said.ending = ending_of(said.finish);
  const json& content = member(body, "content");
  if (content.is_array()) {
    for (const json& block : content) {
      if (text_of(block, "type") == "text") said.text += text_of(block, "text");
    }
  }
  said.model = text_of(body, "model");
  said.response_id = text_of(body, "id");
  said.usage = usage_of(member(body, "usage"));
  return said;
}

}  // namespace heretix
