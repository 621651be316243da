#include <nlohmann/json.hpp>

#include "provider/gemini/gemini.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr int kTopLogprobs = 5;

// Every word but these two is a stop by a filter or a fault of the model's output: never read as half an answer.
Ending ending_of(const std::string& finish) {
  if (finish == "MAX_TOKENS") return Ending::length;
  return finish.empty() || finish == "STOP" || finish == "FINISH_REASON_UNSPECIFIED" ? Ending::complete
                                                                                     : Ending::filtered;
}

// Thoughts are billed as output, and eat its budget, but are counted apart.
Usage usage_of(const json& usage) {
  Usage found;
  found.input = tokens_of(usage, "promptTokenCount");
  found.cached_input = tokens_of(usage, "cachedContentTokenCount");
  found.reasoning = tokens_of(usage, "thoughtsTokenCount");
  found.output = sum_of(tokens_of(usage, "candidatesTokenCount"), found.reasoning);
  return found;
}

}  // namespace

std::string GenerateContentWire::path(std::string_view model) const {
  return "/v1beta/models/" + std::string(model) + ":generateContent";
}

Body GenerateContentWire::body(const Asked& asked) const {
  Body configuration = {{"maxOutputTokens", asked.max_output_tokens},
                        {"responseMimeType", "application/json"},
                        {"responseJsonSchema", answer_schema(true)}};
  if (asked.optional.temperature) configuration["temperature"] = *asked.optional.temperature;
  if (!asked.optional.effort.empty()) configuration["thinkingConfig"] = {{"thinkingLevel", asked.optional.effort}};
  if (asked.optional.logprobs) {
    configuration["responseLogprobs"] = true;
    configuration["logprobs"] = kTopLogprobs;
  }
  return {{"systemInstruction", {{"parts", {{{"text", asked.system}}}}}},
          {"contents", {{{"role", "user"}, {"parts", {{{"text", asked.user}}}}}}},
          {"generationConfig", std::move(configuration)}};
}

Said GenerateContentWire::read(const json& body) const {
  Said said;
  const json& candidates = member(body, "candidates");
  const json candidate = candidates.is_array() && !candidates.empty() ? candidates[0] : json();
  said.finish = text_of(candidate, "finishReason");
  said.ending = ending_of(said.finish);
  const std::string blocked = text_of(member(body, "promptFeedback"), "blockReason");
  if (candidate.is_null() && !blocked.empty()) {
    said.finish = blocked;
    said.ending = Ending::filtered;
  }
  const json& parts = member(member(candidate, "content"), "parts");
  if (parts.is_array()) {
    for (const json& part : parts) {
      if (member(part, "thought") != true) said.text += text_of(part, "text");
    }
  }
  const json& logprobs = member(candidate, "logprobsResult");
  if (!logprobs.is_null()) said.logprobs = logprobs.dump(-1, ' ', false, json::error_handler_t::replace);
  said.model = text_of(body, "modelVersion");
  said.response_id = text_of(body, "responseId");
  said.usage = usage_of(member(body, "usageMetadata"));
  return said;
}

}  // namespace heretix
