#include <algorithm>
#include <nlohmann/json.hpp>

#include "models/http/usage.hpp"
#include "models/openai/openai.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::string_view kPredicate = "predicate";

Usage usage_of(const json& body) {
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
  found.service_tier = text_of(body, "service_tier");
  read_charge(usage, found);
  return found;
}

// The answers are a list in the order of the questions. Where one echoes its question's name, the name decides; a list
// of another length is trusted by names alone, because nobody can tell which question was left out.
const json& answer_to(const json& answers, std::size_t place, const Statement& statement, bool is_whole) {
  static const json none;
  if (is_whole) {
    const std::string name = text_of(answers[place], "name");
    if (name.empty() || name == statement.id) return answers[place];
  }
  const auto named = std::ranges::find_if(answers, [&](const json& a) { return text_of(a, "name") == statement.id; });
  return named == answers.end() ? none : *named;
}

Stated stated_in(const json& answer) {
  if (text_of(answer, "type") != "refusal") return stated_by(answer, kPredicate);
  Stated refused = stated_by(answer, "refusal");
  refused.ending = Ending::refused;
  refused.finish = "refusal";
  return refused;
}

}  // namespace

std::string OpenAiDecisionWire::path() const { return "/decisions"; }

Body OpenAiDecisionWire::body(std::string_view model, std::string_view state,
                              std::span<const Statement> statements) const {
  Body questions = Body::array();
  for (const Statement& statement : statements)
    questions.push_back({{"type", kPredicate}, {"instructions", statement.text}, {"name", statement.id}});
  return {{"model", model}, {"input", state}, {"questions", std::move(questions)}};
}

StatedTogether OpenAiDecisionWire::read(const json& body, std::span<const Statement> statements) const {
  StatedTogether read;
  read.request.model = text_of(body, "model");
  read.request.response_id = text_of(body, "id");
  read.request.usage = usage_of(body);

  const json& answers = member(body, "answers");
  if (!answers.is_array()) {
    read.request.no_answer = "the reply has no list of `answers`";
    return read;
  }
  const bool is_whole = answers.size() == statements.size();
  for (std::size_t i = 0; i < statements.size(); ++i)
    read.answers.push_back(stated_in(answer_to(answers, i, statements[i], is_whole)));
  return read;
}

DecisionLimits OpenAiDecisionWire::limits() const { return {.questions = 400}; }

}  // namespace heretix
