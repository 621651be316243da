#include "models/systemone/systemone.hpp"

#include <nlohmann/json.hpp>

#include "models/http/usage.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::string_view kNoul = "noul";

// OpenRouter names its charge as `cost`, which wins over every price list.
Usage usage_of(const json& usage) {
  Usage found;
  read_counts({.prompt = tokens_of(usage, "input_tokens"), .completion = tokens_of(usage, "output_tokens")}, false,
              found);
  read_charge(usage, found);
  return found;
}

}  // namespace

Body SystemOneWire::body(std::string_view model, std::string_view state, std::span<const Statement> statements) const {
  Body questions = Body::object();
  for (const Statement& statement : statements)
    questions[statement.id] = {{"type", kNoul}, {"instructions", statement.text}};
  return {{"model", model}, {"state", state}, {"questions", std::move(questions)}};
}

StatedTogether SystemOneWire::read(const json& body, std::span<const Statement> statements) const {
  StatedTogether read;
  read.request.model = text_of(body, "model");
  read.request.response_id = text_of(body, "id");
  read.request.usage = usage_of(member(body, "usage"));

  const json& answers = member(body, "answers");
  if (answers.is_object()) read.answers = stated_by_id(answers, kNoul, statements);
  else read.request.no_answer = "the reply has no `answers`";
  return read;
}

}  // namespace heretix
