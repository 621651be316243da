#include "service/worker/check_observer.hpp"

#include <nlohmann/json.hpp>

#include "belief/record/record.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kBetweenEvents{250};

json estimate_of(const Plan& plan, std::vector<std::optional<Answer>> answers) {
  answers.resize(plan.questions.size());
  const auto found = belief_of(plan, answers);
  if (!found) return nullptr;
  json estimate = {{"p", found->p().value()}};
  if (const auto interval = found->interval()) estimate["ci95"] = {interval->low.value(), interval->high.value()};
  return estimate;
}

json answer_of(const PlannedCheck& check, std::size_t place, const Answer& answer) {
  const Question& question = check.plan.questions[place];
  json told = {{"question", place},
               {"paraphrase_idx", question.paraphrase_idx},
               {"wording", check.bank.paraphrases.at(static_cast<std::size_t>(question.paraphrase_idx))},
               {"replicate_idx", question.replicate_idx},
               {"from_store", answer.from_store}};
  if (answer.verdict.prob_true) told["prob_true"] = answer.verdict.prob_true->value();
  if (answer.verdict.reason) told["reason"] = std::string(to_word(*answer.verdict.reason));
  return told;
}

}  // namespace

void CheckObserver::on_progress(const AskProgress& progress, const std::vector<std::optional<Answer>>& answers) {
  // Each event is a row in the database, so they are spaced out; only the last progress is always told.
  const auto now = clock_.steady();
  const bool is_whole = progress.answered == progress.questions;
  if (last_ && now - *last_ < kBetweenEvents && !is_whole) return;
  last_ = now;

  // An event carries only the answers that no earlier event has told.
  told_.resize(check_.plan.questions.size());
  json fresh = json::array();
  for (std::size_t i = 0; i < answers.size() && i < told_.size(); ++i) {
    if (!answers[i] || told_[i]) continue;
    told_[i] = true;
    fresh.push_back(answer_of(check_, i, *answers[i]));
  }

  json event = {{"questions", progress.questions},
                {"answered", progress.answered},
                {"from_store", progress.from_store},
                {"refused", progress.refused},
                {"retries", progress.retries},
                {"billed_micro_usd", progress.billed.micros()},
                {"estimate", estimate_of(check_.plan, answers)},
                {"answers", std::move(fresh)}};

  if (!waits_for_.empty()) event["waits_for"] = std::exchange(waits_for_, "");
  tell_(event.dump());
}

}  // namespace heretix
