#include "belief/stats/crossed_components.hpp"

#include <gtest/gtest.h>

#include "belief/stats/components.hpp"

namespace heretix {
namespace {

// One claim by two models in three wordings: the main effects alone, as crossed_variance() has them on one day.
TEST(CrossedComponents, OfOneClaimAreThoseOfTheCompleteTable) {
  const std::vector<CrossedRun> runs = {{0, 0, {1.0, 2.0, 4.0}}, {1, 0, {0.5, 1.0, 3.8}}};
  std::vector<CrossedValue> values;
  for (const CrossedRun& run : runs) {
    for (int w = 0; w < 3; ++w) values.push_back({0, run.model, w, run.means[static_cast<std::size_t>(w)]});
  }
  const CrossedVariance expected = crossed_variance(runs);
  const auto found = crossed_components(values);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].source, "model");
  EXPECT_NEAR(found[0].variance, *expected.model, 1e-12);
  EXPECT_EQ(found[1].source, "wording");
  EXPECT_NEAR(found[1].variance, *expected.wording, 1e-12);
  EXPECT_EQ(found[2].source, "rest");
  EXPECT_NEAR(found[2].variance, expected.rest, 1e-12);
}

// Each claim was asked in wordings of its own, so claim and wording cannot be told apart.
TEST(CrossedComponents, AreEmptyWhereNothingCanBeToldApart) {
  EXPECT_TRUE(crossed_components(std::vector<CrossedValue>{}).empty());
  EXPECT_TRUE(crossed_components(std::vector<CrossedValue>{{0, 0, 0, 1}, {0, 0, 1, 2}}).empty());
  EXPECT_TRUE(
      crossed_components(std::vector<CrossedValue>{{0, 0, 0, 1}, {0, 0, 1, 2}, {1, 0, 2, 2}, {1, 0, 3, 5}}).empty());
}

TEST(CrossedComponents, WithoutSpreadHaveNoShares) {
  std::vector<CrossedValue> values;
  for (int c = 0; c < 3; ++c) {
    for (int w = 0; w < 3; ++w) values.push_back({c, 0, w, 0.7});
  }
  const auto found = crossed_components(values);
  ASSERT_EQ(found.size(), 3U);
  for (const CrossedComponent& component : found) EXPECT_EQ(component.share, 0);
}

}  // namespace
}  // namespace heretix
