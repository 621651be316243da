// OpenAI's APIs. Of the two for models that write, Responses is the default for OpenAI; Chat Completions is also what
// xAI and every OpenAI-compatible server (vLLM, llama.cpp, Ollama, LM Studio, gateways) speaks.
#pragma once

#include "models/http/decision_wire.hpp"
#include "models/http/wire.hpp"
#include "models/openai/finish_words.hpp"

namespace heretix {

// POST /responses. Shapes: OpenAI's published OpenAPI document, CreateResponse and Response.
class ResponsesWire final : public Wire {
 public:
  std::string path(std::string_view model) const override;
  Body body(const Asked& asked) const override;
  Said read(const nlohmann::json& body) const override;
};

// What differs between the servers that speak Chat Completions.
struct ChatDialect {
  const char* length_parameter = "max_completion_tokens";
  const char* other_length_parameter = "max_tokens";  // for a server that knows only the other of the two
  bool ranges = true;                                 // the form may bound numbers
  bool continues = false;                             // an answer that was begun for it, as most open servers do
  bool reasoning_apart = false;  // reasoning comes beside completion_tokens (xAI), where no total says how
  FinishWords finish_words = kOpenAiFinishWords;
};

// POST /chat/completions. Shapes: CreateChatCompletionRequest and CreateChatCompletionResponse.
class ChatWire final : public Wire {
 public:
  explicit ChatWire(ChatDialect dialect) : dialect_(dialect) {}
  std::string path(std::string_view model) const override;
  Body body(const Asked& asked) const override;
  Said read(const nlohmann::json& body) const override;
  std::string why_not(Readout readout) const override;
  std::optional<AskingWay> fall_back(AskingWay way, std::string_view feature) const override;
  std::string value_of(const AskingWay& way, std::string_view feature) const override;

 private:
  Said read_first_choice(const nlohmann::json& body, Said said) const;

  ChatDialect dialect_;
};

// POST /decisions. Shapes: openai 3.57, types/decision.py and types/decision_create_params.py. A statement is a
// `predicate`, and a refusal is of one question.
class OpenAiDecisionWire final : public DecisionWire {
 public:
  std::string path() const override;
  Body body(std::string_view model, std::string_view state, std::span<const Statement> statements) const override;
  StatedTogether read(const nlohmann::json& body, std::span<const Statement> statements) const override;
  DecisionLimits limits() const override;
  bool retries_conflicts() const override { return true; }
};

}  // namespace heretix
