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

TEST(Decimals, AreDigitsBehindThePointLessTheExponent) {
  for (const auto& [literal, decimals] : std::vector<std::pair<const char*, int>>{{"0", 0},
                                                                                  {"1.0", 1},
                                                                                  {"0.95", 2},
                                                                                  {"0.950", 3},
                                                                                  {"9.5e-1", 2},
                                                                                  {"1e0", 0},
                                                                                  {"1E-4", 4},
                                                                                  {"0.5e1", 0},
                                                                                  {"5.00E+1", 1},
                                                                                  {"-0.0", 1}})
    EXPECT_EQ(decimals_written(literal), decimals) << literal;
}

TEST(Decimals, OfAnExponentBeyondAnyRangeAreManyOrNone) {
  EXPECT_GT(decimals_written("1e-99999999999999999999"), 1000);
  EXPECT_EQ(decimals_written("1e99999999999999999999"), 0);
  EXPECT_EQ(decimals_written("0.5e-2147483648"), 1'000'000'000);
}

// A written 1.0 must not count for less than a written 0.97.
TEST(Decimals, MakeTheCellOfAnAnswerAndTwoAreAssumed) {
  EXPECT_EQ(written_cell(0), 0.005);
  EXPECT_EQ(written_cell(2), 0.005);
  EXPECT_EQ(written_cell(3), 0.001);
  EXPECT_EQ(written_cell(17), 0.001);
}

}  // namespace
}  // namespace heretix
