#include "belief/record/decision_facts.hpp"

#include <algorithm>
#include <unordered_set>

#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

double center_as_probability(std::vector<double> logits) {
  return to_probability(Logit{trimmed_center(std::move(logits))}).value();
}

// A template that fills several slots has the same answer in each of them and counts once.
class SidesByTemplate {
 public:
  void add(const Question& question, const Answer& answer) {
    const auto sides = sides_of(answer);
    if (sides && seen_.insert(question.prompt_sha256).second) found_.push_back({question.prompt_sha256, *sides});
  }
  std::vector<TemplateSides> take() { return std::move(found_); }

 private:
  std::unordered_set<std::string> seen_;
  std::vector<TemplateSides> found_;
};

std::vector<StatedSides> without_names(const std::vector<TemplateSides>& named) {
  std::vector<StatedSides> sides;
  for (const TemplateSides& one : named) sides.push_back(one.sides);
  return sides;
}

}  // namespace

CenteredInterval yes_bias_of(std::span<const StatedSides> sides) {
  const double rounding = rounding_of(sides);
  std::vector<double> biases;
  std::vector<LogitRange> ranges;
  for (const StatedSides& one : sides) {
    biases.push_back(one.yes_bias());
    ranges.push_back(one.yes_bias_range(rounding));
  }

  return widened_to(trimmed_spread_interval(biases), center_range(ranges));
}

DecisionFacts decision_facts(std::span<const StatedSides> sides) {
  DecisionFacts facts{.templates = sides.size(), .step = rounding_of(sides)};
  if (sides.empty()) return facts;

  std::vector<double> claim, negation, sums;
  std::size_t contradicting = 0;
  for (const StatedSides& one : sides) {
    claim.push_back(one.claim_logit());
    if (!one.negation) continue;
    negation.push_back(one.negation_logit());
    sums.push_back(one.claim + *one.negation);
    if (one.contradict()) ++contradicting;
  }
  facts.claim = center_as_probability(std::move(claim));
  if (negation.size() < sides.size()) return facts;

  facts.both = DecisionFacts::Both{
      .negation = center_as_probability(std::move(negation)),
      .sum_mean = mean_left_to_right(sums),
      .yes_bias = yes_bias_of(sides),
      .contradicting = contradicting,
      .contradicting_share = static_cast<double>(contradicting) / static_cast<double>(sides.size())};
  return facts;
}

KnownRounding known_rounding(std::span<const StatedSides> sides) {
  KnownRounding rounding{.step = rounding_of(sides)};
  for (const StatedSides& one : sides) rounding.ranges.push_back(one.belief_range(rounding.step));
  return rounding;
}

std::vector<TemplateSides> template_sides(const Record& record) {
  SidesByTemplate found;
  if (record.plan.recipe.readout() != Readout::decision) return {};
  for (std::size_t i = 0; i < record.answers.size(); ++i) found.add(record.plan.questions[i], record.answers[i]);
  return found.take();
}

std::vector<StatedSides> stated_sides(const Record& record) { return without_names(template_sides(record)); }

std::vector<StatedSides> stated_sides(const Plan& plan, std::span<const std::optional<Answer>> answers) {
  SidesByTemplate found;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i]) found.add(plan.questions[i], *answers[i]);
  }
  return without_names(found.take());
}

}  // namespace heretix
