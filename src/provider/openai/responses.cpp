#include <nlohmann/json.hpp>

#include "provider/openai/openai.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr int kTopLogprobs = 5;

Ending ending_of(const json& body) {
  if (text_of(body, "status") != "incomplete") return Ending::complete;
  return text_of(member(body, "incomplete_details"), "reason") == "content_filter" ? Ending::filtered : Ending::length;
}

// The text, or the refusal that stands in its place.
void read_part(const json& part, Said& said) {
  const std::string type = text_of(part, "type");
  if (type == "refusal") {
    said.text += text_of(part, "refusal");
    said.ending = Ending::refused;
    said.finish = "refusal";
  }
  if (type != "output_text") return;
  said.text += text_of(part, "text");
  const json& logprobs = member(part, "logprobs");
  if (logprobs.is_array() && !logprobs.empty())
    said.logprobs = logprobs.dump(-1, ' ', false, json::error_handler_t::replace);
}

Usage usage_of(const json& usage) {
  return {.input = tokens_of(usage, "input_tokens"),
          .cached_input = tokens_of(member(usage, "input_tokens_details"), "cached_tokens"),
          .cache_writes = tokens_of(member(usage, "input_tokens_details"), "cache_write_tokens"),
          .output = tokens_of(usage, "output_tokens"),
          .reasoning = tokens_of(member(usage, "output_tokens_details"), "reasoning_tokens")};
}

}  // namespace

std::string ResponsesWire::path(std::string_view /*model*/) const { return "/responses"; }

Body ResponsesWire::body(const Asked& asked) const {
  Body body = {
      {"model", asked.model},
      {"instructions", asked.system},
      {"input", {{{"role", "user"}, {"content", asked.user}}}},
      {"max_output_tokens", asked.max_output_tokens},
      {"text",
       {{"format", {{"type", "json_schema"}, {"name", "belief"}, {"strict", true}, {"schema", answer_schema(true)}}}}},
      {"store", false}};
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
  said.ending = ending_of(body);
  said.finish = text_of(body, "status");
  if (const std::string why = text_of(member(body, "incomplete_details"), "reason"); !why.empty()) said.finish = why;
  const json& output = member(body, "output");
  if (output.is_array()) {
    for (const json& item : output) {
      const json& content = member(item, "content");
      if (text_of(item, "type") != "message" || !content.is_array()) continue;
      for (const json& part : content) read_part(part, said);
    }
  }
  said.model = text_of(body, "model");
  said.response_id = text_of(body, "id");
  said.usage = usage_of(member(body, "usage"));
  return said;
}

}  // namespace heretix
