#include "belief/record/contradictions.hpp"

#include <gtest/gtest.h>

#include "belief/record/made_record_test.hpp"

namespace heretix {
namespace {

using Kind = Contradiction::Kind;

TEST(Contradictions, lie_between_wordings_that_say_true_and_wordings_that_say_false) {
  const Record record = made_record(std::vector<double>{0.9, 0.7, 0.5, 0.2, 0.4, 0.8});
  const auto found = contradictions_of(record);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, Kind::wordings);
  EXPECT_NEAR(found[0].from, 0.3, 1e-9) << "the mean of 0.2 and 0.4";
  EXPECT_NEAR(found[0].to, 0.8, 1e-9) << "the mean of 0.7, 0.8 and 0.9";
  EXPECT_EQ(contradictions_in_words(record, found),
            std::vector<std::string>{"The wording decides: 3 wordings say true, 2 say false."});
}

TEST(Contradictions, are_none_where_all_wordings_lean_to_one_side) {
  for (const auto& answers : {std::vector{0.6, 0.7, 0.99}, std::vector{0.4, 0.1, 0.5}, std::vector{0.59, 0.2, 0.41}}) {
    const Record record = made_record(answers);
    EXPECT_TRUE(contradictions_of(record).empty()) << answers[0];
    EXPECT_TRUE(contradictions_in_words(record, {}).empty());
  }
}

TEST(Contradictions, lie_within_a_wording_whose_replicates_say_both) {
  const Record record = made_record(
      std::vector<std::vector<double>>{{0.7, 0.8, 0.7}, {0.9, 0.4, 0.6}, {0.7, 0.45, 0.9}, {0.6, 0.1, 0.95}});
  const auto found = contradictions_of(record);
  ASSERT_EQ(found.size(), 2U);
  for (const Contradiction& one : found) EXPECT_EQ(one.kind, Kind::replicates);
  EXPECT_EQ(found[0].paraphrase_idx, 1);
  EXPECT_DOUBLE_EQ(found[0].from, 0.4);
  EXPECT_DOUBLE_EQ(found[0].to, 0.9);
  EXPECT_EQ(found[1].paraphrase_idx, 3);
  EXPECT_EQ(contradictions_in_words(record, found),
            std::vector<std::string>{"Asked again in the same words, it says both true and false: wordings 2 and 4."});
}

TEST(Contradictions, count_one_wording_in_the_singular) {
  const Record record = made_record(std::vector<double>{0.9, 0.1, 0.95});
  EXPECT_EQ(contradictions_in_words(record, contradictions_of(record)),
            std::vector<std::string>{"The wording decides: 2 wordings say true, 1 says false."});
  EXPECT_EQ(count_in_words(0, "true"), "none says true");
}

}  // namespace
}  // namespace heretix
