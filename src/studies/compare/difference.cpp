#include "studies/compare/difference.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/word_table.hpp"
#include "belief/record/shared_templates.hpp"
#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

constexpr WordTable<Finding, 4> kFindingWords({{Finding::higher, "higher"},
                                               {Finding::lower, "lower"},
                                               {Finding::same, "same"},
                                               {Finding::inconclusive, "inconclusive"}});

double grid_of(const Record& a, const Record& b) {
  const auto grid = [](const Record& r) { return r.belief.found.bounds ? r.belief.found.bounds->grid : 0.0; };
  return std::max(grid(a), grid(b));
}

std::vector<double> as_probabilities(std::vector<double> logits) {
  for (double& x : logits) x = sigmoid(x);
  return logits;
}

// The range of a minus b that the ranges of a and b leave open.
LogitRange minus(const LogitRange& a, const LogitRange& b) { return {a.low - b.high, a.high - b.low}; }
LogitRange as_probability(const LogitRange& range) { return {sigmoid(range.low), sigmoid(range.high)}; }

// Widens the intervals over what the rounding leaves open. If the rounding alone could have made the difference, the p
// value is 1.
struct LeftOpen {
  LogitRange logit;
  LogitRange probability;  // of the difference of two probabilities, in [-1, 1]
};

void widen(ClaimDifference& found, const LeftOpen& by) {
  const auto& [logit, probability] = by;
  if (!(logit.low < logit.high)) return;
  found.rounding = logit;
  found.logit = widened_to(found.logit, logit);
  found.difference = widened_to(found.difference, probability);
  found.probability = widened_to(found.probability, probability);
  if (found.p_value && logit.low <= 0 && logit.high >= 0) found.p_value = 1.0;
}

// The same interval around another centre.
CenteredInterval moved_to(CenteredInterval interval, double center) {
  const double by = center - interval.center;
  interval.center = center;
  if (interval.low) interval.low = *interval.low + by;
  if (interval.high) interval.high = *interval.high + by;
  return interval;
}

// Of a difference of two probabilities, which lies within [-1, 1].
CenteredInterval within_one(CenteredInterval interval) {
  if (interval.low) interval.low = std::max(*interval.low, -1.0);
  if (interval.high) interval.high = std::min(*interval.high, 1.0);
  return interval;
}

// The trimmed centre of all values but that one.
double center_without(std::vector<double> values, std::size_t left_out) {
  values.erase(values.begin() + static_cast<std::ptrdiff_t>(left_out));
  return values.empty() ? 0.0 : trimmed_center(std::move(values));
}

void compare_pairs(ClaimDifference& found, const SharedTemplates& shared) {
  const std::vector<double>& a = shared.means[0];
  const std::vector<double>& b = shared.means[1];
  std::vector<double> logits, probabilities;
  std::vector<LogitRange> logit_ranges, probability_ranges;
  for (std::size_t k = 0; k < a.size(); ++k) {
    const LogitRange &of_a = shared.ranges[0][k], &of_b = shared.ranges[1][k];
    logits.push_back(a[k] - b[k]);
    logit_ranges.push_back(minus(of_a, of_b));
    probabilities.push_back(sigmoid(a[k]) - sigmoid(b[k]));
    probability_ranges.push_back(minus(as_probability(of_a), as_probability(of_b)));
  }

  // What is reported is the difference of the two beliefs; how sure it is follows from the pairs.
  found.is_paired = true;
  found.logit = moved_to(trimmed_spread_interval(logits), found.center_a - found.center_b);
  found.difference = moved_to(trimmed_spread_interval(probabilities), found.p_a - found.p_b);
  found.probability = moved_to(trimmed_spread_interval(probabilities, Level::p90), found.p_a - found.p_b);
  found.p_value =
      sign_flip_p(logits, first_eight_bytes(sha256("RPL-COMPARE|" + found.run_a.text() + "|" + found.run_b.text())));
  widen(found, {.logit = center_range(logit_ranges), .probability = center_range(probability_ranges)});
  for (std::size_t k = 0; k < a.size(); ++k) {
    found.templates.push_back({shared.wordings[k], a[k], b[k], center_without(a, k) - center_without(b, k)});
  }
  std::ranges::stable_sort(found.templates, std::greater<>(),
                           [](const TemplateDifference& t) { return std::abs(t.difference()); });
}

void compare_unpaired(ClaimDifference& found, const Record& a, const Record& b) {
  std::array<std::vector<double>, 2> means;
  std::array<std::vector<LogitRange>, 2> ranges;
  for (std::size_t side = 0; side < 2; ++side) {
    for (const AnsweredTemplate& t : answered_templates(side == 0 ? a : b)) {
      means[side].push_back(t.mean);
      ranges[side].push_back(t.range);
    }
  }

  const Welch logit = welch_interval(means[0], means[1]);
  found.logit = logit.interval;
  found.p_value = logit.p_value;
  const std::vector<double> of_a_alone = as_probabilities(means[0]), of_b_alone = as_probabilities(means[1]);
  const double difference = found.p_a - found.p_b;
  found.difference = moved_to(welch_interval(of_a_alone, of_b_alone).interval, difference);
  found.probability = moved_to(welch_interval(of_a_alone, of_b_alone, Level::p90).interval, difference);
  const LogitRange of_a = center_range(ranges[0]), of_b = center_range(ranges[1]);
  widen(found, {.logit = minus(of_a, of_b), .probability = minus(as_probability(of_a), as_probability(of_b))});
}

bool is_small(const CenteredInterval& probability, double grid) {
  return probability.low && *probability.low - grid >= -kSameWithin && *probability.high + grid <= kSameWithin;
}

Finding finding_of(const CenteredInterval& logit, bool is_same) {
  if (logit.excludes_zero()) return logit.center > 0 ? Finding::higher : Finding::lower;
  return is_same ? Finding::same : Finding::inconclusive;
}

}  // namespace

std::string_view to_word(Finding finding) { return kFindingWords.word(finding); }

ClaimDifference difference_between(const Record& a, const Record& b) {
  ClaimDifference found{.claim_a = a.plan.recipe.claim.text,
                        .claim_b = b.plan.recipe.claim.text,
                        .model_a = a.plan.recipe.model,
                        .model_b = b.plan.recipe.model,
                        .run_a = a.execution.execution_id,
                        .run_b = b.execution.execution_id,
                        .server_a = a.plan.recipe.mode.value("server"),
                        .server_b = b.plan.recipe.mode.value("server"),
                        .p_a = a.belief.p().value(),
                        .p_b = b.belief.p().value(),
                        .center_a = a.belief.found.center.value(),
                        .center_b = b.belief.found.center.value(),
                        .templates_a = a.belief.found.templates,
                        .templates_b = b.belief.found.templates,
                        .templates = {}};

  found.grid = grid_of(a, b);
  const SharedTemplates shared = shared_templates(std::array{&a, &b});
  const std::size_t fewer = std::min(found.templates_a, found.templates_b);
  if (shared.wordings.size() >= std::min(kLeastShared, fewer) && !shared.wordings.empty()) compare_pairs(found, shared);
  else compare_unpaired(found, a, b);

  found.difference = within_one(found.difference);
  found.probability = within_one(found.probability);
  if (!found.logit.has_interval())
    throw Error(ErrorKind::bad_input, "a difference needs two templates on each side", "ask more templates (-K)");
  found.finding = finding_of(found.logit, is_small(found.probability, found.grid));
  return found;
}

std::size_t Differences::named() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      claims, [](const ClaimDifference& d) { return d.adjusted && *d.adjusted <= kFalseDiscoveryRate; }));
}

Differences differences_of(std::string name_a, std::string name_b, std::vector<ClaimDifference> claims) {
  Differences all{.name_a = std::move(name_a), .name_b = std::move(name_b), .claims = std::move(claims)};

  if (all.claims.size() == 1) {
    all.overall = all.claims[0].logit;
    all.p_value = all.claims[0].p_value;
    all.finding = all.claims[0].finding;
    return all;
  }

  std::vector<double> centers, p_values;
  std::string runs = "RPL-COMPARE";
  for (const ClaimDifference& d : all.claims) {
    centers.push_back(d.logit.center);
    p_values.push_back(d.p_value.value_or(1.0));
    runs += "|" + d.run_a.text() + "|" + d.run_b.text();
  }

  all.overall = trimmed_spread_interval(centers);
  all.p_value = sign_flip_p(centers, first_eight_bytes(sha256(runs)));
  all.finding = finding_of(all.overall, false);

  const std::vector<double> adjusted = benjamini_hochberg(p_values);
  for (std::size_t i = 0; i < adjusted.size(); ++i) all.claims[i].adjusted = adjusted[i];
  return all;
}

}  // namespace heretix
