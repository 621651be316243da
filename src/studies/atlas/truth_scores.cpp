// What the probabilities of the models are worth on the claims whose truth is known, and how the models differ in that.
#include <algorithm>

#include "base/sha256.hpp"
#include "studies/atlas/atlas_parts.hpp"

namespace heretix {
namespace {

constexpr int kBandSteps = 20;

double squared_error(double p, bool truth) {
  const double miss = (truth ? 1 : 0) - p;
  return miss * miss;
}

// One half is on neither side, and counts as half.
double rightness(double p, bool truth) {
  if (p == 0.5) return 0.5;
  return (p > 0.5) == truth ? 1.0 : 0.0;
}

void count_standing(AtlasTruth& found, const AtlasRow& row, bool truth) {
  ++found.labelled;
  switch (standing_of(row)) {
    case AtlasStanding::none: ++found.none; return;
    case AtlasStanding::unstable: ++found.unstable; return;
    case AtlasStanding::belief: break;
  }
  if (*row.p == 0.5) ++found.undecided;
  else ++((*row.p > 0.5) == truth ? found.right : found.wrong);
}

void draw_reliability(AtlasTruth& found, const std::vector<LabelledBelief>& beliefs, const std::string& seed_text) {
  found.curve = corp_curve(beliefs);
  for (int i = 0; i <= kBandSteps; ++i) found.places.push_back(static_cast<double>(i) / kBandSteps);
  found.band = consistency_band(beliefs, found.places, first_eight_bytes(sha256("RPL-ATLAS|" + seed_text)));
}

AtlasTruth truth_of(const Atlas& atlas, std::size_t model) {
  AtlasTruth found{.model = model};
  std::vector<LabelledBelief> beliefs;
  std::string claims;
  for (const AtlasClaim& claim : atlas.claims) {
    if (!claim.truth || !claim.cells[model]) continue;
    const AtlasRow& row = atlas.rows[*claim.cells[model]];
    count_standing(found, row, *claim.truth);
    if (!row.p) continue;
    beliefs.push_back({*row.p, *claim.truth});
    claims += "|" + claim.claim;
    found.right_share += rightness(*row.p, *claim.truth);
  }

  found.judged = beliefs.size();
  found.histogram = histogram_of(beliefs);
  if (beliefs.empty()) return found;
  const auto trues = std::ranges::count(beliefs, true, &LabelledBelief::is_true);
  found.base_rate = static_cast<double>(trues) / static_cast<double>(beliefs.size());
  found.right_share /= static_cast<double>(beliefs.size());
  found.scores = calibration_scores(beliefs);
  if (found.base_rate > 0 && found.base_rate < 1) draw_reliability(found, beliefs, atlas.models[model].label + claims);
  return found;
}

// A difference of scores from 0 to 1 lies within 1 of 0, which the interval of a few claims need not know.
CenteredInterval of_scores(CenteredInterval interval) {
  if (interval.low) interval.low = std::max(*interval.low, -1.0);
  if (interval.high) interval.high = std::min(*interval.high, 1.0);
  return interval;
}

std::optional<AtlasScoreDifference> difference_of(const Atlas& atlas, std::size_t a, std::size_t b) {
  AtlasScoreDifference found{.a = a, .b = b};
  std::vector<double> briers, rights;
  for (const AtlasClaim& claim : atlas.claims) {
    const AtlasRow* of_a = atlas_number(atlas, claim, a);
    const AtlasRow* of_b = atlas_number(atlas, claim, b);
    if (!claim.truth || of_a == nullptr || of_b == nullptr) continue;
    const double brier_a = squared_error(*of_a->p, *claim.truth), brier_b = squared_error(*of_b->p, *claim.truth);
    const double right_a = rightness(*of_a->p, *claim.truth), right_b = rightness(*of_b->p, *claim.truth);
    found.brier_a += brier_a;
    found.brier_b += brier_b;
    found.right_a += right_a;
    found.right_b += right_b;
    briers.push_back(brier_a - brier_b);
    rights.push_back(right_a - right_b);
  }
  if (briers.empty()) return std::nullopt;

  found.claims = briers.size();
  for (double* sum : {&found.brier_a, &found.brier_b, &found.right_a, &found.right_b})
    *sum /= static_cast<double>(found.claims);

  // What is reported is the difference of the two scores that stand beside it, to the last digit.
  const MeanWithInterval brier = mean_with_interval(briers);
  found.brier = of_scores(moved_to(brier.mean, found.brier_a - found.brier_b));
  found.right = of_scores(moved_to(mean_with_interval(rights).mean, found.right_a - found.right_b));
  found.p_value = brier.p_value;
  return found;
}

void adjust(std::vector<AtlasScoreDifference>& differences) {
  std::vector<double> p_values;
  for (const AtlasScoreDifference& d : differences) p_values.push_back(d.p_value.value_or(1.0));
  const std::vector<double> adjusted = benjamini_hochberg(p_values);
  for (std::size_t i = 0; i < differences.size(); ++i) {
    if (differences[i].p_value) differences[i].adjusted = adjusted[i];
  }
}

}  // namespace

void score_by_truth(Atlas& atlas) {
  const auto is_known = [](const AtlasClaim& claim) { return claim.truth.has_value(); };
  if (std::ranges::none_of(atlas.claims, is_known)) return;
  for (std::size_t m = 0; m < atlas.models.size(); ++m) atlas.truths.push_back(truth_of(atlas, m));
  for (std::size_t a = 0; a < atlas.models.size(); ++a) {
    for (std::size_t b = a + 1; b < atlas.models.size(); ++b) {
      if (auto found = difference_of(atlas, a, b)) atlas.score_differences.push_back(*found);
    }
  }
  adjust(atlas.score_differences);
}

}  // namespace heretix
