#include "belief/stats/components.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace heretix {
namespace {

TEST(WordingVariance, OneAnswerATemplateTellsNothingOfReplicates) {
  const WordingVariance found = wording_variance(std::vector<std::vector<double>>{{0.0}, {1.0}, {2.0}});
  EXPECT_FALSE(found.replicate);
  EXPECT_NEAR(found.wording, 1.0, 1e-15) << "none of it is taken away";
}

// Means 0 and 2 (s2 = 2), within each pair 2 * 1 = 2 over 2 degrees: sigma2 = 2, tau2 = 2 - 2/2.
TEST(WordingVariance, TakesTheReplicatesPartAway) {
  const WordingVariance found = wording_variance(std::vector<std::vector<double>>{{-1.0, 1.0}, {1.0, 3.0}});
  EXPECT_NEAR(*found.replicate, 2.0, 1e-15);
  EXPECT_NEAR(*found.means, 2.0, 1e-15);
  EXPECT_NEAR(found.wording, 1.0, 1e-15);
  EXPECT_NEAR(found.harmonic_replicates, 2.0, 1e-15);
}

TEST(WordingVariance, IsNeverNegative) {
  EXPECT_EQ(wording_variance(std::vector<std::vector<double>>{{-5.0, 5.0}, {-4.9, 5.0}}).wording, 0.0);
  EXPECT_FALSE(wording_variance(std::vector<std::vector<double>>{{1.0, 2.0}}).means);
  EXPECT_THROW(wording_variance({}), Error);
}

// Exact table: model effect +-1, day effect +-0.5, wording effects -2, 0, 2, nothing left over.
TEST(CrossedVariance, FindsWhatWasPutIn) {
  std::vector<CrossedRun> runs;
  for (int model = 0; model < 2; ++model) {
    for (int day = 0; day < 2; ++day) {
      CrossedRun run{.model = model, .day = day, .means = {}};
      for (const double wording : {-2.0, 0.0, 2.0}) run.means.push_back(wording + (model * 2 - 1) + (day - 0.5));
      runs.push_back(run);
    }
  }
  const CrossedVariance found = crossed_variance(runs);
  EXPECT_NEAR(*found.wording, 4.0, 1e-12);  // sample variance of -2, 0, 2
  EXPECT_NEAR(*found.model, 2.0, 1e-12);    // of -1, 1
  EXPECT_NEAR(*found.day, 0.5, 1e-12);      // of -0.5, 0.5
  EXPECT_NEAR(found.rest, 0.0, 1e-12);
}

TEST(CrossedVariance, AFactorWithOneLevelIsEmpty) {
  const std::vector<CrossedRun> runs{{0, 0, {0.0, 1.0}}, {0, 1, {0.5, 1.5}}};
  EXPECT_FALSE(crossed_variance(runs).model);
  EXPECT_TRUE(crossed_variance(runs).day);
}

TEST(CrossedVariance, RefusesRunsThatDoNotCross) {
  const std::vector<CrossedRun> runs{{0, 0, {0.0, 1.0}}, {1, 0, {0.5, 1.5}}, {1, 1, {0.5, 1.5}}};
  EXPECT_THROW(crossed_variance(runs), Error);
  EXPECT_THROW(crossed_variance({}), Error);
  EXPECT_THROW(crossed_variance(std::vector<CrossedRun>{{0, 0, {1.0}}, {1, 0, {2.0}}}), Error);
}

}  // namespace
}  // namespace heretix
