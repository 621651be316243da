#include "belief/answer/tally.hpp"

#include <algorithm>
#include <unordered_map>

namespace heretix {

bool was_thought_away(const Answer& answer) {
  if (answer.verdict.reason != Reason::length_stop) return false;
  if (is_only_thinking(answer.raw_text.value_or(""))) return true;
  return answer.tokens_reasoning && answer.tokens_out && 2 * *answer.tokens_reasoning >= *answer.tokens_out;
}

std::size_t cut_short(const std::vector<std::optional<Answer>>& answers) {
  return static_cast<std::size_t>(std::ranges::count_if(
      answers, [](const auto& answer) { return answer && answer->verdict.reason == Reason::length_stop; }));
}

Tally tally(const Plan& plan, const std::vector<std::optional<Answer>>& answers) {
  std::unordered_map<std::string, std::size_t> place;
  for (const PlannedTemplate& t : plan.templates) place.emplace(t.prompt_sha256, place.size());
  std::vector<TemplateLogits> logits(place.size());
  std::vector<std::vector<Probability>> probabilities(place.size());
  std::vector<LabelAgreement::Wording> wordings;
  for (const PlannedTemplate& t : plan.templates) wordings.push_back({.paraphrase_idx = t.paraphrase_idx});
  Tally counted;

  // The plan asks each template's replicates in order, so appending keeps replicate order.
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) continue;
    ++counted.answered;
    if (answers[i]->from_store) ++counted.from_store;
    if (!answers[i]->verdict.usable()) continue;
    ++counted.usable;
    const std::size_t at = place.at(plan.questions[i].prompt_sha256);
    logits[at].prompt_sha256 = plan.questions[i].prompt_sha256;
    logits[at].logits.push_back(to_logit(*answers[i]->verdict.prob_true));
    probabilities[at].push_back(*answers[i]->verdict.prob_true);
    if (const auto fits = answers[i]->verdict.label_fits) {
      ++wordings[at].judged;
      if (!*fits) ++wordings[at].contradicting;
    }
  }

  for (std::size_t t = 0; t < logits.size(); ++t) {
    if (logits[t].logits.empty()) continue;
    counted.by_template.push_back(std::move(logits[t]));
    counted.probabilities.push_back(std::move(probabilities[t]));
  }
  for (const LabelAgreement::Wording& wording : wordings) {
    if (wording.judged == 0) continue;
    counted.labels.judged += wording.judged;
    counted.labels.contradicting += wording.contradicting;
    counted.labels.wordings.push_back(wording);
  }
  return counted;
}

}  // namespace heretix
