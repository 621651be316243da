#include <nlohmann/json.hpp>

#include "models/gemini/gemini.hpp"
#include "models/http/usage.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::string_view kNoul = "noul";

// The usage object of Google's Interactions API. A count of zero may be left out, as in all JSON of protocol buffers,
// and these models write nothing: no count of output is none.
Usage usage_of(const json& usage) {
  Usage found;
  const auto input = tokens_of(usage, "total_input_tokens");
  const auto output = tokens_of(usage, "total_output_tokens");
  read_counts({.prompt = input,
               .completion = input && !output ? std::optional(0L) : output,
               .reasoning = tokens_of(usage, "total_thought_tokens"),
               .total = tokens_of(usage, "total_tokens")},
              true, found);
  found.cached_input = tokens_of(usage, "total_cached_tokens");
  return found;
}

// The whole request was blocked, by whatever word: every one of its questions stays without an answer.
std::vector<Stated> blocked(const json& feedback, std::size_t questions) {
  const std::string reason = text_of(feedback, "block_reason");
  const Stated each{.text = feedback.dump(-1, ' ', false, json::error_handler_t::replace),
                    .ending = Ending::filtered,
                    .finish = reason.empty() ? "prompt_feedback" : reason};
  return {questions, each};
}

}  // namespace

std::string GeminiDecisionWire::path() const { return "/v1beta/decisions"; }

Body GeminiDecisionWire::body(std::string_view model, std::string_view state,
                              std::span<const Statement> statements) const {
  Body questions = Body::object();
  for (const Statement& statement : statements)
    questions[statement.id] = {{"type", kNoul}, {"instructions", statement.text}};
  return {{"model", model}, {"input", state}, {"questions", std::move(questions)}};
}

StatedTogether GeminiDecisionWire::read(const json& body, std::span<const Statement> statements) const {
  StatedTogether read;
  read.request.model = text_of(body, "model");
  read.request.usage = usage_of(member(body, "usage"));

  const json& answers = member(body, "answers");
  const json& feedback = member(body, "prompt_feedback");
  if (answers.is_object()) read.answers = stated_by_id(answers, kNoul, statements);
  else if (feedback.is_object()) read.answers = blocked(feedback, statements.size());
  else read.request.no_answer = "the reply has neither `answers` nor `prompt_feedback`";
  return read;
}

DecisionLimits GeminiDecisionWire::limits() const { return {.questions = 1'000, .request_tokens = 262'144}; }

}  // namespace heretix
