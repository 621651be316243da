#include "belief/stats/paired.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/error.hpp"
#include "belief/estimate/shuffle.hpp"

namespace heretix {
namespace {

TEST(WidenedTo, ReachesOverTheRangeAndLeavesASingleValueAlone) {
  const CenteredInterval found = widened_to({.center = 1, .low = 0.5, .high = 1.5}, {0.7, 2});
  EXPECT_EQ(found.low, 0.5);
  EXPECT_EQ(found.high, 2);
  EXPECT_FALSE(widened_to({.center = 1, .low = {}, .high = {}}, {0, 2}).has_interval());
}

TEST(TrimmedSpread, OneValueHasNoInterval) {
  const CenteredInterval found = trimmed_spread_interval(std::vector{0.4});
  EXPECT_EQ(found.center, 0.4);
  EXPECT_FALSE(found.has_interval());
  EXPECT_FALSE(found.excludes_zero());
}

// Eight differences of 1 +- small: centre 1, s = 0.1069, half = 2.471 s / sqrt(8).
TEST(TrimmedSpread, IsCentreAndScaledSpread) {
  const std::vector d{0.9, 1.1, 0.9, 1.1, 0.9, 1.1, 0.9, 1.1};
  const CenteredInterval found = trimmed_spread_interval(d);
  EXPECT_NEAR(found.center, 1.0, 1e-12);
  EXPECT_NEAR(*found.high - found.center, 2.471 * 0.106904496764970 / 2.828427124746190, 1e-12);
  EXPECT_TRUE(found.excludes_zero());
}

TEST(TrimmedSpread, SwappingSidesMirrorsIt) {
  const std::vector d{0.3, -0.2, 0.9, 0.4, 1.7};
  std::vector mirrored(d);
  for (double& x : mirrored) x = -x;
  EXPECT_NEAR(*trimmed_spread_interval(d).low, -*trimmed_spread_interval(mirrored).high, 1e-15);
}

// All of one sign: only the pattern as seen and its mirror are as far out, 2 of 2^5.
TEST(SignFlip, CountsPatternsAsFarOut) { EXPECT_EQ(sign_flip_p(std::vector{1.0, 2.0, 3.0, 1.5, 0.5}, 0), 2.0 / 32); }

TEST(SignFlip, ZerosAreNoEvidence) { EXPECT_EQ(sign_flip_p(std::vector{0.0, 0.0, 0.0}, 0), 1.0); }

TEST(SignFlip, DrawnFlipsComeCloseToAllOfThem) {
  std::vector<double> d;
  for (int i = 0; i < 20; ++i) d.push_back(i % 3 == 0 ? -0.8 : 0.7);
  const double exact = sign_flip_p(d, 1);
  d.push_back(0.0);  // the 21st makes it draw, and changes no sum
  const double drawn = sign_flip_p(d, 1);
  EXPECT_NEAR(drawn, exact, 0.015);
  EXPECT_NE(drawn, sign_flip_p(d, 2)) << "another seed draws other flips";
  EXPECT_EQ(drawn, sign_flip_p(d, 1));
}

// Two normal samples of equal size and spread: Welch's degrees of freedom are 2(n-1); kappa of T=5 is 3.015/2.7764.
TEST(Welch, IsStretchedByTheLargerConstant) {
  const std::vector a{0.0, 1.0, 2.0, 3.0, 4.0};
  const std::vector b{5.0, 6.0, 7.0, 8.0, 9.0};
  const auto [found, p] = welch_interval(a, b);
  EXPECT_NEAR(found.center, -5.0, 1e-12);
  EXPECT_NEAR(*found.high - found.center, 3.015 / 2.7764451051977987 * 2.306004135204166 * 1.0, 1e-9);
  EXPECT_NEAR(*p, 0.00174, 0.00001) << "t = 5 / 1.0859 with 8 degrees of freedom";
}

TEST(Welch, OneValueASideHasNoInterval) {
  EXPECT_FALSE(welch_interval(std::vector{1.0}, std::vector{1.0, 2.0}).p_value.has_value());
  const CenteredInterval equal = welch_interval(std::vector{1.0, 1.0}, std::vector{2.0, 2.0}).interval;
  EXPECT_EQ(*equal.low, -1.0) << "no spread on either side";
}

// Benjamini & Hochberg 1995, the example of 15 p-values: at 0.05 the first four are named.
TEST(FalseDiscovery, NamesTheFirstFourOfTheClassicExample) {
  const std::vector p{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                      0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000};
  const auto adjusted = benjamini_hochberg(p);
  EXPECT_EQ(std::ranges::count_if(adjusted, [](double x) { return x <= 0.05; }), 4);
  EXPECT_NEAR(adjusted[3], 0.0095 * 15 / 4, 1e-15);
  EXPECT_EQ(adjusted[14], 1.0);
}

TEST(FalseDiscovery, KeepsTheOrderGiven) {
  const auto adjusted = benjamini_hochberg(std::vector{0.9, 0.01, 0.04});
  EXPECT_NEAR(adjusted[1], 0.03, 1e-15);
  EXPECT_NEAR(adjusted[2], 0.06, 1e-15);
  EXPECT_NEAR(adjusted[0], 0.9, 1e-15);
}

TEST(Shuffle, IsAPermutationThatTheSeedDecides) {
  std::vector<int> a(16);
  std::iota(a.begin(), a.end(), 0);
  std::vector<int> b = a;
  Rng one(7);
  Rng same(7);
  shuffle(a, one);
  shuffle(b, same);
  EXPECT_EQ(a, b);
  EXPECT_FALSE(std::ranges::is_sorted(a));
  std::ranges::sort(b);
  for (int i = 0; i < 16; ++i) EXPECT_EQ(b[static_cast<std::size_t>(i)], i);
}

TEST(Comparisons, RefuseNothing) {
  EXPECT_THROW(trimmed_spread_interval({}), Error);
  EXPECT_THROW(sign_flip_p({}, 0), Error);
  EXPECT_THROW(welch_interval({}, std::vector{1.0}), Error);
  EXPECT_TRUE(benjamini_hochberg({}).empty());
}

}  // namespace
}  // namespace heretix
