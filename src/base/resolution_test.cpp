#include "base/resolution.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace heretix {
namespace {

double step(const std::vector<double>& numbers) { return step_of(numbers); }

TEST(Step, IsTheCoarsestThatAllNumbersLieOn) {
  EXPECT_EQ(step({0.98, 0.03, 0.5, 1.0}), 0.01);
  EXPECT_EQ(step({0.981, 0.03, 0.5, 1.0}), 0.001);
  EXPECT_EQ(step({0.9812, 0.03}), 0.0001);
  EXPECT_EQ(step({0.0, 0.1, 0.3, 0.7, 0.9}), 0.1);
  EXPECT_EQ(step({0.05, 0.1, 0.35, 0.7, 0.95}), 0.05);
}

TEST(Step, IsNoneForNumbersThatAreNotRounded) {
  EXPECT_EQ(step({}), 0);
  EXPECT_EQ(step({0.5134569087022831, 0.5}), 0);
}

// A few hundredths lie on tenths by chance, and a wrong step of 0.1 would read a 1.00 as 0.95.
TEST(Step, IsCoarseOnlyWhereEnoughDifferentNumbersSaySo) {
  EXPECT_EQ(step({1.0, 1.0, 1.0, 1.0, 1.0, 1.0}), 0.01);
  EXPECT_EQ(step({1.0, 0.9, 0.1, 0.0}), 0.01);
  EXPECT_EQ(step({1.0, 0.9, 0.1, 0.0, 0.4}), 0.1);
}

TEST(Step, IsLikelyCoarseWhereTwoNumbersBetweenTheEndsSaySo) {
  EXPECT_EQ(likely_step_of(std::vector{1.0, 0.9, 0.1, 0.0}), 0.1);
  EXPECT_EQ(likely_step_of(std::vector{1.0, 0.95, 0.1, 0.0}), 0.05);
  EXPECT_EQ(likely_step_of(std::vector{1.0, 0.9, 0.0}), 0.01) << "a single one lies on tenths by chance";
  EXPECT_EQ(likely_step_of(std::vector{1.0, 0.0}), 0.01) << "the ends lie on every step";
  EXPECT_EQ(likely_step_of(std::vector{0.9, 0.11}), 0.01);
  EXPECT_EQ(likely_step_of(std::vector{0.5134569087022831, 0.5}), 0);
}

TEST(ValueRead, StaysHalfAStepAwayFromTheEnds) {
  EXPECT_DOUBLE_EQ(value_read(Probability{1.0}, 0.005).value(), 0.995);
  EXPECT_DOUBLE_EQ(value_read(Probability{0.0}, 0.005).value(), 0.005);
  EXPECT_DOUBLE_EQ(value_read(Probability{0.99}, 0.005).value(), 0.99) << "a bound that the service sets is left alone";
  EXPECT_DOUBLE_EQ(value_read(Probability{1.0}, 0).value(), 1.0);
}

}  // namespace
}  // namespace heretix
