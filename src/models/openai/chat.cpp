#include <algorithm>
#include <nlohmann/json.hpp>

#include "models/http/usage.hpp"
#include "models/openai/openai.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr int kMostTopLogprobs = 20;  // that OpenAI and vLLM give

// A string, or parts of type text.
std::string content_of(const json& content) {
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  if (!content.is_array()) return text;
  for (const json& part : content) text += text_of(part, "text");
  return text;
}

bool holds_reference(const json& content) {
  return content.is_array() &&
         std::ranges::any_of(content, [](const json& part) { return text_of(part, "type") == "reference"; });
}

// What a model that searched leaves behind: OpenAI's and OpenRouter's annotations, xAI's and Perplexity's citations,
// Mistral's references.
bool shows_a_source(const json& body, const json& message) {
  for (const char* name : {"annotations", "citations"}) {
    if (has_elements(message, name)) return true;
  }
  for (const char* name : {"citations", "search_results"}) {
    if (has_elements(body, name)) return true;
  }
  return holds_reference(member(message, "content")) || counts_server_tools(member(body, "usage"));
}

Usage usage_of(const json& body, bool reasoning_apart) {
  const json& usage = member(body, "usage");
  const json& prompt = member(usage, "prompt_tokens_details");
  Usage found;
  read_counts({.prompt = tokens_of(usage, "prompt_tokens"),
               .completion = tokens_of(usage, "completion_tokens"),
               .reasoning = tokens_of(member(usage, "completion_tokens_details"), "reasoning_tokens"),
               .total = tokens_of(usage, "total_tokens")},
              reasoning_apart, found);
  found.cached_input = tokens_of(prompt, "cached_tokens");
  found.cache_writes = tokens_of(prompt, "cache_write_tokens");
  found.long_cache_writes = tokens_of(member(prompt, "cache_write_tokens_details"), "ttl_12h_tokens");
  found.service_tier = text_of(body, "service_tier");
  read_charge(usage, found);
  return found;
}

}  // namespace

std::string ChatWire::path(std::string_view /*model*/) const { return "/chat/completions"; }

std::string ChatWire::why_not(Readout readout) const {
  if (readout != Readout::expected || dialect_.continues) return {};
  return "its API cannot continue an answer that was begun";
}

std::optional<AskingWay> ChatWire::fall_back(AskingWay way, std::string_view feature) const {
  if (feature != "limit") return Wire::fall_back(way, feature);
  if (way.other_limit_name) return std::nullopt;
  way.other_limit_name = true;
  return way;
}

std::string ChatWire::value_of(const AskingWay& way, std::string_view feature) const {
  if (feature != "limit") return Wire::value_of(way, feature);
  return way.other_limit_name ? dialect_.other_length_parameter : dialect_.length_parameter;
}

Body ChatWire::body(const Asked& asked) const {
  Body messages = Body::array();
  if (!asked.way.system_joined) messages.push_back({{"role", "system"}, {"content", asked.system}});
  messages.push_back(
      {{"role", "user"}, {"content", asked.way.system_joined ? asked.user_with_system() : std::string(asked.user)}});

  Body body = {{"model", asked.model},
               {"messages", std::move(messages)},
               {value_of(asked.way, "limit"), asked.max_output_tokens}};
  if (asked.readout == Readout::verbalized && asked.way.form == FormRequest::json_schema)
    body["response_format"] = {
        {"type", "json_schema"},
        {"json_schema", {{"name", "belief"}, {"strict", true}, {"schema", answer_schema(dialect_.ranges)}}}};
  if (asked.readout == Readout::verbalized && asked.way.form == FormRequest::json_object)
    body["response_format"] = {{"type", "json_object"}};

  if (asked.optional.temperature) body["temperature"] = *asked.optional.temperature;
  if (!asked.optional.effort.empty()) body["reasoning_effort"] = asked.optional.effort;
  const bool is_read_off = reads_tokens(asked.readout);
  if (is_read_off) body["temperature"] = 0;  // of the token shown, not of its probability: the likeliest path first
  if (asked.optional.logprobs || is_read_off) {
    body["logprobs"] = true;
    body["top_logprobs"] = is_read_off ? kMostTopLogprobs : kTopLogprobs;
  }
  if (asked.readout == Readout::expected) {  // llama.cpp goes on from a last message of its own; vLLM wants to be told
    body["messages"].push_back({{"role", "assistant"}, {"content", asked.begun}});
    body["add_generation_prompt"] = false;
    body["continue_final_message"] = true;
  }
  return body;
}

Said ChatWire::read(const json& body) const {
  Said said;
  said.model = text_of(body, "model");
  said.response_id = text_of(body, "id");
  said.usage = usage_of(body, dialect_.reasoning_apart);

  const json& choices = member(body, "choices");
  if (!choices.is_array() || choices.empty()) {
    said.no_answer = "the reply has no `choices`";
    return said;
  }
  return read_first_choice(body, std::move(said));
}

Said ChatWire::read_first_choice(const json& body, Said said) const {
  const json& choice = body["choices"][0];
  const json& message = member(choice, "message");
  said.finish = text_of(choice, "finish_reason");
  said.ending = ending_of(dialect_.finish_words, said.finish);
  said.text = content_of(member(message, "content"));
  said.leans_on_source = shows_a_source(body, message);
  if (!message.is_object() && said.ending == Ending::complete) said.no_answer = "the reply's choice has no `message`";

  if (const std::string refusal = text_of(message, "refusal"); !refusal.empty()) {
    said.text = refusal;
    said.ending = Ending::refused;
  }

  const json& logprobs = member(member(choice, "logprobs"), "content");
  if (logprobs.is_array() && !logprobs.empty())
    said.logprobs = logprobs.dump(-1, ' ', false, json::error_handler_t::replace);
  return said;
}

}  // namespace heretix
