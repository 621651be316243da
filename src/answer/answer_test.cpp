#include <gtest/gtest.h>

#include <cmath>

#include "answer/tally.hpp"
#include "answer/verdict.hpp"

namespace heretix {
namespace {

std::string reason_of(std::string_view raw) {
  const Verdict v = read_answer(raw);
  return v.reason ? std::string(to_word(*v.reason)) : "usable";
}

// The golden file holds the ordinary cases; these are the ones that a parser library lets slip.
TEST(Answer, IsReadStrictlyWhereParsersAreLenient) {
  using namespace std::string_view_literals;
  EXPECT_EQ(reason_of("{\"prob_true\":0.4}\0 and more"sv), "usable") << "the object stands in prose";
  EXPECT_EQ(reason_of("[{\"prob_true\":0.4}]\0"sv), "usable") << "likewise, without the array";
  EXPECT_EQ(reason_of("\"\0\""sv), "not_json");
  EXPECT_EQ(reason_of("\xEF\xBB\xBF\xEF\xBB\xBF[1]"), "not_json") << "one byte order mark is stripped, not two";
  EXPECT_EQ(reason_of("{\"prob_true\":1e999}"), "out_of_range");
  EXPECT_EQ(reason_of("{\"prob_true\":-1e999}"), "out_of_range");
  EXPECT_EQ(reason_of("{\"prob_true\":1e999e5}"), "not_json");
  EXPECT_EQ(reason_of("{\"prob_true\":0.4,\"big\":1e999,\"text\":\"1e999\"}"), "usable");
  EXPECT_EQ(reason_of("{\"prob_true\":0.4,\"x\":\"\xff\"}"), "not_json");
  EXPECT_EQ(reason_of("{\"a\":1,\"a\":2,"), "truncated") << "a duplicate key is not its only fault";
}

TEST(Answer, LeavesNothingOfMinusZero) {
  EXPECT_FALSE(std::signbit(read_answer("{\"prob_true\":-0.0}").prob_true->value()));
}

TEST(Answer, StaysLinearInHostileInput) {
  EXPECT_EQ(reason_of(std::string(65536, '{')), "truncated");
  EXPECT_EQ(reason_of(std::string(65536, '[')), "not_json");
  std::string numbers = "{\"prob_true\":0.5,\"x\":[1e999";
  while (numbers.size() < 65000) numbers += ",1e999";
  EXPECT_EQ(reason_of(numbers + "]}"), "usable");
}

TEST(Reason, RoundTripsAndKnowsWhatDeservesAnotherTry) {
  for (int i = 0; i <= static_cast<int>(Reason::unknown_finish); ++i) {
    const auto reason = static_cast<Reason>(i);
    EXPECT_EQ(reason_from(to_word(reason)), reason);
  }
  EXPECT_TRUE(deserves_another_try(Reason::truncated));
  EXPECT_TRUE(deserves_another_try(Reason::contradictory));
  EXPECT_TRUE(deserves_another_try(Reason::cites_source));
  EXPECT_FALSE(deserves_another_try(Reason::refused));
  EXPECT_FALSE(deserves_another_try(Reason::provider_refusal));
  EXPECT_FALSE(deserves_another_try(Reason::length_stop));
  EXPECT_TRUE(deserves_another_try(Reason::tool_use));
  EXPECT_FALSE(deserves_another_try(Reason::unknown_finish));
}

TEST(Tally, CountsEachQuestionOnceAndKeepsPlanOrder) {
  const PromptBank bank{.version = "v",
                        .system = "S",
                        .schema = "J",
                        .user_template = "T",
                        .paraphrases = {"a {CLAIM}", "b {CLAIM}"},
                        .source = ""};
  const Recipe recipe{.claim = {"c"}, .model = "m", .mode = Mode::live(), .sampling = {.slots = 2, .replicates = 2}};
  const Plan plan = make_plan(recipe, bank);
  Answer good, bad;
  good.verdict = read_answer("{\"prob_true\":0.5}");
  good.from_store = true;
  bad.verdict = read_answer("{\"prob_true\":0.5,\"flags\":{\"refused\":true}}");
  const Tally counted = tally(plan, {bad, bad, std::nullopt, good});
  EXPECT_EQ(counted.answered, 3U);
  EXPECT_EQ(counted.usable, 1U);
  EXPECT_DOUBLE_EQ(counted.compliance(), 1.0 / 3);
  EXPECT_DOUBLE_EQ(counted.cache_hit_rate(), 1.0 / 3);
  ASSERT_EQ(counted.by_template.size(), 1U);
  EXPECT_EQ(counted.by_template[0].prompt_sha256, plan.templates[1].prompt_sha256);
}

}  // namespace
}  // namespace heretix
