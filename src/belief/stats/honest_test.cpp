#include "belief/stats/honest.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace heretix {
namespace {

std::vector<std::vector<Probability>> one_each(std::initializer_list<double> values) {
  std::vector<std::vector<Probability>> groups;
  for (const double p : values) groups.push_back({Probability{p}});
  return groups;
}

TEST(HonestInterval, IsNotGivenForASingleTemplate) {
  const HonestInterval found = honest_interval(one_each({0.7}), {});
  EXPECT_FALSE(found.bounds);
  EXPECT_EQ(found.status(), "unavailable_T<2");
}

// Six templates that all say 0.7 do not know their belief better than the answers' own step of 0.05.
TEST(HonestInterval, NeverClaimsMoreResolutionThanTheAnswersHad) {
  const HonestInterval found = honest_interval(one_each({0.7, 0.7, 0.7, 0.7, 0.7, 0.7}), {});
  EXPECT_NEAR(found.bounds->interval.low.value(), 0.675, 1e-12);
  EXPECT_NEAR(found.bounds->interval.high.value(), 0.725, 1e-12);
  EXPECT_EQ(found.bounds->flags, std::vector<std::string>{"no_spread_resolution_only"});
}

// Six templates that all say 0.7, each of which may be anything from 0.66 to 0.71: so may the centre be.
TEST(HonestInterval, ReachesOverWhatAKnownRoundingLeavesOpen) {
  const double low = to_logit(Probability{0.66}).value(), high = to_logit(Probability{0.71}).value();
  const KnownRounding rounding{.step = 0.01, .ranges = std::vector<LogitRange>(6, {low, high})};
  const HonestInterval found = honest_interval(one_each({0.7, 0.7, 0.7, 0.7, 0.7, 0.7}), {.rounding = rounding});
  EXPECT_NEAR(found.bounds->interval.low.value(), 0.66, 1e-12);
  EXPECT_NEAR(found.bounds->interval.high.value(), 0.71, 1e-12);
  EXPECT_EQ(found.bounds->grid, 0.01);

  const HonestInterval by_step = honest_interval(one_each({0.7, 0.7, 0.7}), {.rounding = KnownRounding{.step = 0.02}});
  EXPECT_NEAR(by_step.bounds->interval.low.value(), 0.69, 1e-12) << "without ranges half of the step around p";
}

TEST(HonestInterval, TrimsTheEndsLikeTheCenter) {
  std::vector<LogitRange> ranges(4, {0, 1});
  ranges.push_back({-100, 100});
  const LogitRange center = center_range(ranges);
  EXPECT_EQ(center.low, 0) << "one of five is left out at either end";
  EXPECT_EQ(center.high, 1);
}

TEST(HonestInterval, HoldsTheFrozenOne) {
  const Interval frozen{Probability{0.2}, Probability{0.9}};
  const HonestInterval found = honest_interval(one_each({0.61, 0.64, 0.66}), {.frozen = frozen});
  EXPECT_EQ(found.bounds->interval.low, Probability{0.2});
  EXPECT_LT(found.bounds->no_hull.high.value(), 0.9);
}

TEST(HonestInterval, WidensWithTheLevel) {
  const auto groups = one_each({0.31, 0.44, 0.52, 0.38, 0.47});
  const auto width = [&](Level level) { return honest_interval(groups, {.level = level}).bounds->interval.width(); };
  EXPECT_LT(width(Level::p90), width(Level::p95));
  EXPECT_LT(width(Level::p95), width(Level::p99));
}

TEST(HonestInterval, TellsContradictionAndFewTemplates) {
  const HonestInterval found = honest_interval(one_each({0.9, 0.85, 0.1, 0.88}), {});
  EXPECT_EQ(found.bounds->flags, (std::vector<std::string>{"few_templates", "template_contradiction"}));
}

TEST(HonestInterval, RefusesNothingAndEmptyGroups) {
  EXPECT_THROW(honest_interval({}, {}), Error);
  EXPECT_THROW(honest_interval(std::vector<std::vector<Probability>>{{}}, {}), Error);
}

}  // namespace
}  // namespace heretix
