#include "belief/stats/calibration.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "belief/estimate/rng.hpp"

namespace heretix {
namespace {

// True as often as said where `slope` is 1; overconfident below it.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): how many, of what kind, and the draw
std::vector<LabelledBelief> beliefs(std::size_t n, double slope, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<LabelledBelief> drawn;
  for (std::size_t i = 0; i < n; ++i) {
    const double p = rng.unit();
    drawn.push_back({p, rng.unit() < 0.5 + slope * (p - 0.5)});
  }
  return drawn;
}

TEST(Corp, PoolsViolatorsAndEqualBeliefs) {
  const std::vector<LabelledBelief> b{{0.1, false}, {0.3, true}, {0.4, false}, {0.9, true}, {0.9, false}};
  const auto curve = corp_curve(b);
  ASSERT_EQ(curve.size(), 2U);
  EXPECT_EQ(curve[0].rate, 0.0);
  EXPECT_EQ(curve[1].low, 0.3);
  EXPECT_EQ(curve[1].rate, 0.5);
  EXPECT_EQ(curve[1].count, 4U);
}

TEST(Corp, ReadsBetweenSteps) {
  const std::vector<CorpStep> curve{{0.1, 0.2, 0.0, 3}, {0.6, 0.8, 1.0, 2}};
  EXPECT_EQ(rate_at(curve, 0.05), 0.0);
  EXPECT_EQ(rate_at(curve, 0.15), 0.0);
  EXPECT_NEAR(rate_at(curve, 0.4), 0.5, 1e-12);
  EXPECT_EQ(rate_at(curve, 0.7), 1.0);
  EXPECT_EQ(rate_at(curve, 0.99), 1.0);
}

TEST(Corp, SumsToTheBrierScore) {
  const CalibrationScores s = calibration_scores(beliefs(300, 0.6, 1));
  EXPECT_NEAR(s.brier, s.miscalibration - s.discrimination + s.uncertainty, 1e-12);
  EXPECT_GT(s.miscalibration, 0.0);
}

TEST(Calibration, ZIsLargeOnlyWhereOverconfident) {
  EXPECT_LT(std::abs(calibration_scores(beliefs(2000, 1.0, 2)).spiegelhalter_z), 3.0);
  EXPECT_GT(calibration_scores(beliefs(2000, 0.5, 2)).spiegelhalter_z, 5.0);
}

TEST(Calibration, ChanceExplainsTheErrorOfACalibratedForecaster) {
  EXPECT_LT(std::abs(excess_calibration_error(beliefs(400, 1.0, 3), 1).excess()), 0.03);
  EXPECT_GT(excess_calibration_error(beliefs(400, 0.3, 3), 1).excess(), 0.08);
}

TEST(Calibration, TheBandHoldsTheCurveOfACalibratedForecaster) {
  const std::vector<double> places{0.1, 0.3, 0.5, 0.7, 0.9};
  const auto inside = [&](double slope) {
    const auto b = beliefs(500, slope, 5);
    const auto curve = corp_curve(b);
    const ConsistencyBand band = consistency_band(b, places, 9);
    int count = 0;
    for (std::size_t i = 0; i < places.size(); ++i) {
      const double rate = rate_at(curve, places[i]);
      count += rate >= band.low[i] && rate <= band.high[i] ? 1 : 0;
    }
    return count;
  };
  EXPECT_GE(inside(1.0), 4);
  EXPECT_LE(inside(0.2), 2);
}

TEST(Calibration, ACrossFittedMapMendsOverconfidence) {
  const auto b = beliefs(600, 0.2, 7);
  const auto mended = cross_fitted(b, 1);
  EXPECT_LT(calibration_scores(mended).brier, calibration_scores(b).brier - 0.02);
  EXPECT_EQ(mended[0].is_true, b[0].is_true) << "the order is kept";
  EXPECT_THROW(cross_fitted(beliefs(9, 1, 1), 1), Error);
}

TEST(Calibration, RefusesNothingAndWhatIsNoProbability) {
  EXPECT_THROW(calibration_scores({}), Error);
  EXPECT_THROW(calibration_scores(std::vector<LabelledBelief>{{1.5, true}}), Error);
}

}  // namespace
}  // namespace heretix
