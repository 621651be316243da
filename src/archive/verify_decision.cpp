#include "archive/verify_decision.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "belief/decide/decision_answer.hpp"
#include "belief/decide/decision_plan.hpp"
#include "belief/readout/parts.hpp"
#include "belief/record/stored_config.hpp"
#include "measure/answer_store.hpp"
#include "measure/systemone/decision_store.hpp"

namespace heretix {
namespace {

// The usable answer, or else the first: as it counted when it was asked. Read again by its own text.
std::optional<Answer> stored_answer(const Question& question, RunStore& runs) {
  std::optional<Answer> first;
  for (const Row& row : runs.answer_rows(question.cache_key)) {
    Answer answer = answer_from(row);
    answer.logprobs = row.text_or_empty("logprobs");
    if (answer.verdict.usable() || answer.verdict.prob_true)
      answer.verdict = read_part(Readout::decision, question, answer.raw_text.value_or(""), answer.logprobs);
    if (answer.verdict.usable()) return answer;
    if (!first) first = answer;
  }
  return first;
}

// The numbers alone: what it cost in tokens is no part of the answer.
nlohmann::json numbers_of(const DecisionAnswer& answer) {
  nlohmann::json numbers = stored_json(answer);
  for (const char* name : {"record", "asked", "input_tokens", "output_tokens"}) numbers.erase(name);
  return numbers;
}

}  // namespace

bool names_decision(const std::string& name) { return name.starts_with("dec-"); }

Verification verify_decision(const std::string& decision_id, RunStore& runs) {
  StoredDecision stored = DecisionStore(runs.database()).find(decision_id);
  stored.asked.mode = mode_from(stored.mode_text);
  Verification verification{
      .run_id = RunId{decision_id}, .execution_id = {}, .recomputed = {}, .differences = {}, .not_checked = {}};

  const std::string key = decision_key(stored.state, stored.question);
  const std::string id = decision_id_of(key, stored.asked, stored.bank, stored.wordings);
  if (id != decision_id)
    verification.differences.push_back(fmt::format("id: state, question, model and wordings give {}", id));

  const OptionPlan plan = plan_options(stored.question, stored.state, stored.asked, stored.bank, stored.wordings);
  std::vector<std::optional<Answer>> answers;
  for (const Question& question : plan.plan.questions) {
    answers.push_back(stored_answer(question, runs));
    if (!answers.back())
      verification.differences.push_back(fmt::format("answer {}: it is missing", question.cache_key.substr(0, 12)));
  }
  verification.recomputed.push_back(
      fmt::format("{} prompts of {} wordings and their keys", plan.plan.questions.size(), stored.wordings));

  const std::vector<std::vector<double>> shares = option_shares(plan, answers);
  if (shares.empty()) {
    verification.differences.emplace_back("answer: nothing that is stored can be used");
    return verification;
  }
  const nlohmann::json made = numbers_of(decide(stored.question, shares));
  const nlohmann::json kept = numbers_of(stored.answer);
  for (const auto& [name, value] : made.items()) {
    if (kept.value(name, nlohmann::json()) == value) continue;
    verification.differences.push_back(
        fmt::format("{}: stored {}, recomputed {}", name, kept.value(name, nlohmann::json()).dump(), value.dump()));
  }
  verification.recomputed.push_back(fmt::format("{} answers, their probabilities and intervals", answers.size()));
  return verification;
}

}  // namespace heretix
