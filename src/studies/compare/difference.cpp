#include "studies/compare/difference.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/word_table.hpp"
#include "belief/record/belief_difference.hpp"
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

// Widens the interval in log-odds over what the rounding leaves open. If the rounding alone could have made the
// difference, the p value is 1.
void widen(ClaimDifference& found, const LogitRange& logit) {
  if (!(logit.low < logit.high)) return;
  found.rounding = logit;
  found.logit = widened_to(found.logit, logit);
  if (found.p_value && logit.low <= 0 && logit.high >= 0) found.p_value = 1.0;
}

// The trimmed centre of all values but that one.
double center_without(std::vector<double> values, std::size_t left_out) {
  values.erase(values.begin() + static_cast<std::ptrdiff_t>(left_out));
  return values.empty() ? 0.0 : trimmed_center(std::move(values));
}

void compare_pairs(ClaimDifference& found, const SharedTemplates& shared) {
  const std::vector<double>& a = shared.means[0];
  const std::vector<double>& b = shared.means[1];
  std::vector<double> logits;
  std::vector<LogitRange> ranges;
  for (std::size_t k = 0; k < a.size(); ++k) {
    logits.push_back(a[k] - b[k]);
    ranges.push_back(minus(shared.ranges[0][k], shared.ranges[1][k]));
  }

  // What is reported is the difference of the two beliefs; how sure it is follows from the pairs.
  found.is_paired = true;
  found.logit = moved_to(trimmed_spread_interval(logits), found.center_a - found.center_b);
  found.p_value =
      sign_flip_p(logits, first_eight_bytes(sha256("RPL-COMPARE|" + found.run_a.text() + "|" + found.run_b.text())));
  widen(found, center_range(ranges));
  for (std::size_t k = 0; k < a.size(); ++k) {
    found.templates.push_back({shared.wordings[k], a[k], b[k], center_without(a, k) - center_without(b, k)});
  }
  std::ranges::stable_sort(found.templates, std::greater<>(),
                           [](const TemplateDifference& t) { return std::abs(t.difference()); });
}

void compare_unpaired(ClaimDifference& found, const BeliefSide& a, const BeliefSide& b) {
  std::array<std::vector<double>, 2> means;
  std::array<std::vector<LogitRange>, 2> ranges;
  for (std::size_t side = 0; side < 2; ++side) {
    for (const AnsweredTemplate& t : side == 0 ? a.templates : b.templates) {
      means[side].push_back(t.mean);
      ranges[side].push_back(t.range);
    }
  }

  const Welch logit = welch_interval(means[0], means[1]);
  found.logit = logit.interval;
  found.p_value = logit.p_value;
  widen(found, minus(center_range(ranges[0]), center_range(ranges[1])));
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
  const BeliefSide side_a{found.p_a, answered_templates(a)}, side_b{found.p_b, answered_templates(b)};
  found.difference = belief_difference(side_a, side_b);
  found.probability = belief_difference(side_a, side_b, Level::p90);
  const SharedTemplates shared = shared_templates(std::array{side_a.templates, side_b.templates});
  if (is_paired(shared, side_a, side_b)) compare_pairs(found, shared);
  else compare_unpaired(found, side_a, side_b);

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
