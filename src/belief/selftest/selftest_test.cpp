#include "belief/selftest/selftest.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.hpp"

namespace heretix {
namespace {

using nlohmann::json;

std::string golden_text(const std::string& name) {
  return content_of_file(std::string(HERETIX_TEST_DATA) + "/golden/" + name + ".json").value_or("");
}

std::string told(const FileResult& result) {
  std::string text;
  for (const SectionResult& s : result.sections) {
    for (const std::string& d : s.first_differences) text += s.name + ": " + d + "\n";
  }
  return text;
}

// The floor is what the file held when it was made: a section that shrinks to nothing is seen.
void expect_equal(const std::string& name, std::size_t at_least) {
  const FileResult result = recompute(name, golden_text(name));
  EXPECT_EQ(result.different(), 0U) << told(result);
  EXPECT_GE(result.equal(), at_least);
}

TEST(Golden, RandomNumbersAreNumPysStepByStep) { expect_equal("rng", 4000); }
TEST(Golden, EstimatesAreBitIdenticalInLogOdds) { expect_equal("estimator", 1900); }
TEST(Golden, HonestIntervalsAgree) { expect_equal("honest", 1500); }
TEST(Golden, BeliefsAgree) { expect_equal("belief", 6500); }
TEST(Golden, PlansAreTheSame) { expect_equal("sampler", 400); }
TEST(Golden, KeysAndSeedsAreTheSame) { expect_equal("keys", 1000); }
TEST(Golden, AnswersAreReadByTheSameRules) { expect_equal("answers", 300); }
TEST(Golden, ReadoutsAgree) { expect_equal("readouts", 900); }
TEST(Golden, StatisticsAgree) { expect_equal("statistics", 630); }
TEST(Golden, NumbersOfAnAtlasAgree) { expect_equal("atlas", 250); }

// With one answer a template there is a variance of the means, and no way to split it.
TEST(Golden, VarianceWithoutComponentsIsCompared) {
  json root = json::parse(golden_text("statistics"));
  const json one_answer_each = {
      {"id", "variance-undefined"},
      {"groups", {{0.1}, {0.2}, {0.4}}},
      {"cost_template", 1.0},
      {"cost_answer", 1.0},
      {"expected", {{"tau2", nullptr}, {"sigma2", nullptr}, {"s2_means", 0.8050059724507672}, {"best_R", nullptr}}}};
  root["variance"].push_back(one_answer_each);
  EXPECT_EQ(recompute("statistics", root.dump()).different(), 0U) << told(recompute("statistics", root.dump()));
  root["variance"].back()["groups"][0] = {0.1, 0.3};
  EXPECT_GT(recompute("statistics", root.dump()).different(), 0U) << "these can be split";
}

// One number changed in each section of each file must be seen, or the comparison looks away.
TEST(Golden, OneChangedNumberIsNamed) {
  const auto changed = [](const std::string& name, const json::json_pointer& place, const json& value) {
    json root = json::parse(golden_text(name));
    root.at(place) = value;
    return recompute(name, root.dump()).different();
  };
  using P = json::json_pointer;
  EXPECT_EQ(changed("rng", P("/cases/2/integers/5/out/3"), "9"), 1U);
  EXPECT_EQ(changed("rng", P("/cases/2/bootstrap_shaped/3/after/has_uint32"), 7), 1U);
  EXPECT_EQ(changed("estimator", P("/cases/7/expected/center_logit"), 0.125), 1U);
  EXPECT_EQ(changed("estimator", P("/cases/7/expected/trace/all_centers_sha256_le_doubles"), "0"), 1U);
  EXPECT_EQ(changed("estimator", P("/sums/5/sum"), 0.0), 1U);
  EXPECT_EQ(changed("honest", P("/honest/9/expected/hi"), 0.5), 1U);
  EXPECT_EQ(changed("honest", P("/ladder/1/expected/c_T"), 2.0), 1U);
  EXPECT_EQ(changed("belief", P("/numbers/3/d"), 5), 1U);
  EXPECT_EQ(changed("belief", P("/belief/7/expected/say_true"), 9), 1U);
  EXPECT_EQ(changed("belief", P("/belief_rungs/5/expected/lo"), 0.5), 1U);
  EXPECT_EQ(changed("sampler", P("/cases/3/expected/rotation_offset"), 99), 1U);
  EXPECT_EQ(changed("keys", P("/cases/3/expected/work/0/cache_key"), ""), 1U);
  EXPECT_EQ(changed("keys", P("/bootstrap_seed_function/2/bootstrap_seed"), "1"), 1U);
  EXPECT_EQ(changed("answers", P("/cases/4/expected/prob_true"), 0.1), 1U);
  EXPECT_EQ(changed("readouts", P("/trees/7/expected/expected"), 0.5), 1U);
  EXPECT_EQ(changed("readouts", P("/words/7/expected/false"), 0.5), 1U);
  EXPECT_EQ(changed("statistics", P("/paired/3/expected/signflip_p"), 0.5), 1U);
  EXPECT_EQ(changed("statistics", P("/variance/4/expected/sigma2"), 0.5), 1U);
  EXPECT_EQ(changed("statistics", P("/best_R/1/expected"), 7), 1U);
  EXPECT_EQ(changed("statistics", P("/drift/2/expected/R/9"), 0.5), 1U);
  EXPECT_EQ(changed("statistics", P("/calibration/5/expected/MCB"), 0.5), 1U);
  EXPECT_EQ(changed("atlas", P("/means/3/expected/hi"), 0.5), 1U);
  EXPECT_EQ(changed("atlas", P("/components/4/expected/2/variance"), 0.5), 1U);
  EXPECT_EQ(changed("atlas", P("/brier/3/expected/resolution"), 0.5), 1U);
}

TEST(Selftest, CountsWhatItDoesNotKnowAsADifference) {
  EXPECT_EQ(recompute("astrology", "{}").different(), 1U);
  EXPECT_EQ(recompute("rng", "[1]").different(), 1U);
  json root = json::parse(golden_text("answers"));
  root["newer"] = json::array();
  EXPECT_EQ(recompute("answers", root.dump()).different(), 1U);
  root = json::parse(golden_text("answers"));
  root["cases"] = json::array();
  EXPECT_EQ(recompute("answers", root.dump()).different(), 1U) << "an empty section proves nothing";
  root.erase("cases");
  EXPECT_EQ(recompute("answers", root.dump()).different(), 1U) << "a missing section proves nothing";
}

}  // namespace
}  // namespace heretix
