#include "belief/judge/agreement.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>
#include <string>

namespace heretix {
namespace {

// One answer a template, as they were written: "0.9, 0.9, 0.1".
BeliefV2 belief_from(const std::string& literals) {
  std::vector<std::vector<NumberRead>> groups;
  std::istringstream text(literals);
  for (std::string literal; std::getline(text, literal, ',');) {
    literal.erase(0, literal.find_first_not_of(' '));
    groups.push_back({read_as_written(Probability{std::strtod(literal.c_str(), nullptr)}, decimals_written(literal))});
  }
  return belief_v2(groups, {});
}

// The first example of docs/estimator.md.
TEST(Agreement, ASplitIsNamedWithEveryWordingCounted) {
  const Agreement split = agreement_of(belief_from("1, 0.074, 1, 0.8, 0, 0.12, 0, 1"));
  EXPECT_TRUE(split.is_split);
  EXPECT_EQ(split.is_stable, false);
  EXPECT_EQ(no_stable_belief(split), "No stable belief: 4 wordings say true, 4 say false");

  const Agreement with_one_between = agreement_of(belief_from("0.9, 0.9, 0.5, 0.1, 0.1, 0.6"));
  EXPECT_EQ(no_stable_belief(with_one_between), "No stable belief: 3 wordings say true, 2 say false, 1 is undecided");
  const Agreement lonely = agreement_of(belief_from("0.9, 0.5, 0.5, 0.1"));
  EXPECT_EQ(no_stable_belief(lonely), "No stable belief: 1 wording says true, 1 says false, 2 are undecided");
}

// A wording that the centre leaves out cannot split the rest.
TEST(Agreement, TheOutermostWordingsDoNotSplit) {
  const Agreement one_stray = agreement_of(belief_from("0.9, 0.9, 0.9, 0.9, 0.35, 0.92, 0.91, 0.93, 0.9, 0.9"));
  EXPECT_EQ(one_stray.say_false, 1U);
  EXPECT_FALSE(one_stray.is_split);
  EXPECT_EQ(one_stray.is_stable, true);
}

TEST(Agreement, AWideIntervalIsUnstableWithoutASplit) {
  const Agreement wide = agreement_of(belief_from("0.3, 0.4"));
  EXPECT_FALSE(wide.is_split);
  EXPECT_EQ(wide.is_stable, false);
}

TEST(Agreement, AnswersOnTheThresholdsCountAsTheyWereWritten) {
  const Agreement found = agreement_of(belief_from("0.6, 0.6, 0.4, 0.4"));
  EXPECT_EQ(found.say_true, 2U);
  EXPECT_EQ(found.say_false, 2U);
}

TEST(Agreement, OfOneTemplateIsNotKnown) { EXPECT_FALSE(agreement_of(belief_from("0.3")).is_stable); }

}  // namespace
}  // namespace heretix
