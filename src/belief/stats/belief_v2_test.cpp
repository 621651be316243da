#include "belief/stats/belief_v2.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <sstream>
#include <string>

#include "base/error.hpp"
#include "belief/judge/agreement.hpp"

namespace heretix {
namespace {

// "1+0.9, 0.95": one template that was answered twice and another that was answered once.
BeliefV2 belief_of(const std::string& text) {
  std::vector<std::vector<NumberRead>> groups;
  std::istringstream templates(text);
  for (std::string answers; std::getline(templates, answers, ',');) {
    auto& group = groups.emplace_back();
    std::istringstream each(answers);
    for (std::string literal; std::getline(each, literal, '+');) {
      literal.erase(0, literal.find_first_not_of(' '));
      group.push_back(read_as_written(Probability{std::strtod(literal.c_str(), nullptr)}, decimals_written(literal)));
    }
  }
  return belief_v2(groups, {});
}

TEST(BeliefV2, TwoCertainAnswersDoNotOutweighTheRest) {
  const BeliefV2 found = belief_of("1, 0.074, 1, 0.8, 0, 0.12, 0, 1");
  EXPECT_NEAR(found.p().value(), 0.589055, 5e-7);
  EXPECT_NEAR(found.interval()->low.value(), 0.023937, 5e-7);
  EXPECT_NEAR(found.interval()->high.value(), 0.988205, 5e-7);
  EXPECT_EQ(found.found.bounds->grid, 0.01);
}

TEST(BeliefV2, ReplicatesAreReadOneByOneAndAveragedInLogOdds) {
  const BeliefV2 found = belief_of("1+0.9, 0.95+1.0, 0.8+0.85, 0.9+0.9, 1.000+0.7");
  EXPECT_NEAR(found.found.center.value(), 3.273172, 5e-7);
  EXPECT_NEAR(found.template_values[0], (std::log(0.995 / 0.005) + std::log(0.9 / 0.1)) / 2, 1e-12);
}

TEST(BeliefV2, OneTemplateHasNoIntervalAndNoStability) {
  const BeliefV2 found = belief_of("0.3+0.4");
  EXPECT_FALSE(found.interval());
  EXPECT_FALSE(agreement_of(found).is_stable);
}

TEST(BeliefV2, NothingToWeighIsAnError) {
  EXPECT_THROW(belief_v2({}, {}), Error);
  EXPECT_THROW(belief_v2(std::vector<std::vector<NumberRead>>{{}}, {}), Error);
}

// The first example of docs/estimator.md.
TEST(Agreement, ASplitIsNamedWithEveryWordingCounted) {
  const Agreement split = agreement_of(belief_of("1, 0.074, 1, 0.8, 0, 0.12, 0, 1"));
  EXPECT_TRUE(split.is_split);
  EXPECT_EQ(split.is_stable, false);
  EXPECT_EQ(no_stable_belief(split), "No stable belief: 4 wordings say true, 4 say false");

  const Agreement with_one_between = agreement_of(belief_of("0.9, 0.9, 0.5, 0.1, 0.1, 0.6"));
  EXPECT_EQ(no_stable_belief(with_one_between), "No stable belief: 3 wordings say true, 2 say false, 1 is undecided");
  const Agreement lonely = agreement_of(belief_of("0.9, 0.5, 0.5, 0.1"));
  EXPECT_EQ(no_stable_belief(lonely), "No stable belief: 1 wording says true, 1 says false, 2 are undecided");
}

// A wording that the centre leaves out cannot split the rest.
TEST(Agreement, TheOutermostWordingsDoNotSplit) {
  const Agreement one_stray = agreement_of(belief_of("0.9, 0.9, 0.9, 0.9, 0.35, 0.92, 0.91, 0.93, 0.9, 0.9"));
  EXPECT_EQ(one_stray.say_false, 1U);
  EXPECT_FALSE(one_stray.is_split);
  EXPECT_EQ(one_stray.is_stable, true);
}

TEST(Agreement, AWideIntervalIsUnstableWithoutASplit) {
  const Agreement wide = agreement_of(belief_of("0.3, 0.4"));
  EXPECT_FALSE(wide.is_split);
  EXPECT_EQ(wide.is_stable, false);
}

TEST(Agreement, AnswersOnTheThresholdsCountAsTheyWereWritten) {
  const Agreement found = agreement_of(belief_of("0.6, 0.6, 0.4, 0.4"));
  EXPECT_EQ(found.say_true, 2U);
  EXPECT_EQ(found.say_false, 2U);
}

}  // namespace
}  // namespace heretix
