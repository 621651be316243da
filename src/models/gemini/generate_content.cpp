#include <nlohmann/json.hpp>

#include "models/gemini/finish_words.hpp"
#include "models/gemini/gemini.hpp"
#include "models/http/usage.hpp"

namespace heretix {
namespace {

using nlohmann::json;

// Search, maps, retrieval or a page that was read. Its citationMetadata is none of these: it tells which source of its
// training the model recites.
bool shows_a_source(const json& candidate) {
  return has_elements(candidate, "groundingMetadata") || has_elements(candidate, "urlContextMetadata");
}

// When the model will be switched off, as Google tells with each answer; empty: it does not.
std::string retirement_of(const json& body, const std::string& model) {
  const json& status = member(body, "modelStatus");
  const std::string when = text_of(status, "retirementTime");
  if (when.size() < 10) return {};
  std::string notice = model + " will be retired on " + when.substr(0, 10);
  if (const std::string message = text_of(status, "message"); !message.empty()) notice += ": " + message;
  return notice;
}

void read_candidate(const json& candidate, Said& said) {
  said.finish = text_of(candidate, "finishReason");
  said.ending = ending_of(kGeminiFinishReasons, said.finish);
  said.leans_on_source = shows_a_source(candidate);
  const json& parts = member(member(candidate, "content"), "parts");
  if (parts.is_array()) {
    for (const json& part : parts) {
      if (member(part, "thought") != true) said.text += text_of(part, "text");
    }
  }
  const json& logprobs = member(candidate, "logprobsResult");
  if (!logprobs.is_null()) said.logprobs = logprobs.dump(-1, ' ', false, json::error_handler_t::replace);
}

// Of google-genai's TrafficType; the Gemini API itself names the tier in a header (http/reading.cpp).
std::string tier_of(const std::string& traffic) {
  if (traffic == "ON_DEMAND_PRIORITY") return "priority";
  if (traffic == "ON_DEMAND_FLEX") return "flex";
  return traffic == "ON_DEMAND" || traffic == "TRAFFIC_TYPE_UNSPECIFIED" ? "" : traffic;
}

// Thoughts are billed as output, and eat its budget, but are counted apart. What tools read counts as prompt.
Usage usage_metadata_of(const json& usage) {
  const auto thoughts = tokens_of(usage, "thoughtsTokenCount");
  auto candidates = tokens_of(usage, "candidatesTokenCount");
  if (!candidates && thoughts) candidates = 0;  // it thought until its budget was used up
  Usage found;
  read_counts({.prompt = sum_of(tokens_of(usage, "promptTokenCount"), tokens_of(usage, "toolUsePromptTokenCount")),
               .completion = candidates,
               .reasoning = thoughts,
               .total = tokens_of(usage, "totalTokenCount")},
              true, found);
  found.cached_input = tokens_of(usage, "cachedContentTokenCount");
  found.service_tier = tier_of(text_of(usage, "trafficType"));
  return found;
}

}  // namespace

std::string GenerateContentWire::path(std::string_view model) const {
  return "/v1beta/models/" + std::string(model) + ":generateContent";
}

Body GenerateContentWire::body(const Asked& asked) const {
  Body configuration = {{"maxOutputTokens", asked.max_output_tokens}};
  if (asked.way.form != FormRequest::none) configuration["responseMimeType"] = "application/json";
  if (asked.way.form == FormRequest::json_schema) configuration["responseJsonSchema"] = answer_schema(true);
  if (asked.optional.temperature) configuration["temperature"] = *asked.optional.temperature;
  if (!asked.optional.effort.empty()) configuration["thinkingConfig"] = {{"thinkingLevel", asked.optional.effort}};
  if (asked.optional.logprobs) {
    configuration["responseLogprobs"] = true;
    configuration["logprobs"] = kTopLogprobs;
  }

  Body body = Body::object();
  if (!asked.way.system_joined) body["systemInstruction"] = {{"parts", {{{"text", asked.system}}}}};
  const std::string user = asked.way.system_joined ? asked.user_with_system() : std::string(asked.user);
  body["contents"] = {{{"role", "user"}, {"parts", {{{"text", user}}}}}};
  body["generationConfig"] = std::move(configuration);
  return body;
}

Said GenerateContentWire::read(const json& body) const {
  Said said;
  said.model = text_of(body, "modelVersion");
  said.response_id = text_of(body, "responseId");
  said.usage = usage_metadata_of(member(body, "usageMetadata"));
  said.notice = retirement_of(body, said.model);

  const json& candidates = member(body, "candidates");
  if (candidates.is_array() && !candidates.empty()) {
    read_candidate(candidates[0], said);
    return said;
  }
  // The prompt was blocked, by whatever word: its field says what it means.
  said.finish = text_of(member(body, "promptFeedback"), "blockReason");
  if (said.finish.empty()) said.no_answer = "the reply has no `candidates`";
  else said.ending = Ending::filtered;
  return said;
}

}  // namespace heretix
