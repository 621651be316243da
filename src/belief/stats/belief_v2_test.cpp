#include "belief/stats/belief_v2.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <sstream>
#include <string>

#include "base/error.hpp"

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

TEST(BeliefV2, OneTemplateHasNoInterval) {
  const BeliefV2 found = belief_of("0.3+0.4");
  EXPECT_FALSE(found.interval());
}

TEST(BeliefV2, NothingToWeighIsAnError) {
  EXPECT_THROW(belief_v2({}, {}), Error);
  EXPECT_THROW(belief_v2(std::vector<std::vector<NumberRead>>{{}}, {}), Error);
}

}  // namespace
}  // namespace heretix
