#include "belief/estimate/estimate.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.hpp"

namespace heretix {
namespace {

TemplateLogits answers(std::string name, std::initializer_list<double> logits) {
  TemplateLogits t{.prompt_sha256 = std::move(name), .logits = {}};
  for (const double l : logits) t.logits.push_back(Logit{l});
  return t;
}

TEST(Estimate, WeighsTemplatesEquallyHoweverManyAnswersEachGot) {
  const std::vector few = {answers("a", {1.0}), answers("b", {3.0, 3.0})};
  const std::vector many = {answers("a", {1.0, 1.0, 1.0, 1.0, 1.0}), answers("b", {3.0})};
  EXPECT_EQ(estimate(few, {.seed = 1}).p, to_probability(Logit{2.0}));
  EXPECT_EQ(estimate(many, {.seed = 1}).p, to_probability(Logit{2.0}));
}

TEST(Estimate, DropsTheOutermostFifthOfTemplateMeansAtEachEnd) {
  const std::vector templates = {answers("a", {-9.0}), answers("b", {1.0}), answers("c", {2.0}), answers("d", {3.0}),
                                 answers("e", {99.0})};
  EXPECT_EQ(estimate(templates, {.seed = 1}).p, to_probability(Logit{2.0}));
}

// Few draws, so that two different streams cannot land on the same percentile by luck.
TEST(Estimate, RepeatsBitForBitFromTheSameSeedAndOnlyFromIt) {
  const std::vector templates = {answers("a", {0.1, 0.4, 1.7}), answers("b", {-0.3, 0.9, 0.2})};
  const auto low = [&](std::uint64_t seed) { return estimate(templates, {.seed = seed, .draws = 3}).low; };
  EXPECT_EQ(low(42), low(42));
  EXPECT_NE(low(42), low(43));
}

// Drawing the lowest of three templates three times has odds 1/27 = 3.7 %, inside a 2.5 % tail;
// of four templates four times 1/256 = 0.4 %, outside it.
TEST(Estimate, LeavesTwoAndAHalfPercentOfDrawsOutsideEachEnd) {
  const std::vector three = {answers("a", {0.0}), answers("b", {1.0}), answers("c", {5.0})};
  const std::vector four = {answers("a", {0.0}), answers("b", {1.0}), answers("c", {5.0}), answers("d", {6.0})};
  EXPECT_EQ(estimate(three, {.seed = 1}).low, Logit{0.0});
  EXPECT_EQ(estimate(three, {.seed = 1}).high, Logit{5.0});
  EXPECT_GT(estimate(four, {.seed = 1}).low, Logit{0.0});
}

// One draw is the hardest case: the interval collapses onto a single resample.
TEST(Estimate, KeepsItsIntervalAroundTheEstimateForAnySeed) {
  const std::vector templates = {answers("a", {-2.0}), answers("b", {0.0}), answers("c", {5.0})};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Estimate e = estimate(templates, {.seed = seed, .draws = 1});
    EXPECT_LE(e.low, e.center) << "seed " << seed;
    EXPECT_GE(e.high, e.center) << "seed " << seed;
  }
}

TEST(Estimate, DependsOnTheOrderOfTemplatesOnlyThroughTheDraws) {
  const std::vector there = {answers("a", {-2.0, 0.3}), answers("b", {0.7}), answers("c", {5.0})};
  const std::vector back = {there[2], there[1], there[0]};
  EXPECT_EQ(estimate(there, {.seed = 5, .draws = 7}).center, estimate(back, {.seed = 5, .draws = 7}).center);
  EXPECT_NE(estimate(there, {.seed = 5, .draws = 7}).low, estimate(back, {.seed = 5, .draws = 7}).low);
}

TEST(Estimate, OfASingleTemplateStillVariesWithItsAnswersButHasNoSpread) {
  const Estimate e = estimate(std::vector{answers("a", {0.0, 1.0, 2.0})}, {.seed = 1});
  EXPECT_GT(e.ci95.width(), 0.0);
  EXPECT_EQ(e.spread_logit, 0.0);
  EXPECT_EQ(e.stability, 1.0);
}

TEST(Estimate, RefusesWhatItCannotWeigh) {
  const auto message = [](const std::vector<TemplateLogits>& templates, const Bootstrap& bootstrap) -> std::string {
    try {
      estimate(templates, bootstrap);
    } catch (const Error& e) { return e.what(); }
    return "no error";
  };
  const std::vector one = {answers("a", {1.0})};
  EXPECT_EQ(message({}, {.seed = 1}), "no template has a usable answer");
  EXPECT_EQ(message({answers("a", {})}, {.seed = 1}), "a template without answers cannot be weighed");
  EXPECT_EQ(message(one, {.seed = 1, .draws = 0}),
            "0 bootstrap draws were asked for; the number must be from 1 to 1000000");
  EXPECT_EQ(message(one, {.seed = 1, .draws = 1'000'001}),
            "1000001 bootstrap draws were asked for; the number must be from 1 to 1000000");
  EXPECT_EQ(message(one, {.seed = 1, .trim = 0.5}), "trim 0.5 is outside [0, 0.5)");
  EXPECT_THROW(Logit{std::numeric_limits<double>::quiet_NaN()}, Error);
}

TEST(Probability, RefusesWhatIsNotAProbability) {
  EXPECT_THROW(Probability{1.5}, Error);
  EXPECT_THROW(Probability{-0.1}, Error);
  EXPECT_THROW(Probability{std::numeric_limits<double>::quiet_NaN()}, Error);
}

TEST(Stability, FallsWithSpreadAndHasNamedBands) {
  EXPECT_EQ(stability_of(-1.0), 1.0);
  EXPECT_EQ(stability_of(0.2), 0.5);
  EXPECT_EQ(stability_band(0.05), StabilityBand::high);
  EXPECT_EQ(stability_band(0.051), StabilityBand::medium);
  EXPECT_EQ(stability_band(0.301), StabilityBand::low);
}

}  // namespace
}  // namespace heretix
