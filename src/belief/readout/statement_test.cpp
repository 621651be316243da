#include "belief/readout/statement.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "belief/prompt/banks.hpp"
#include "belief/readout/parts.hpp"

namespace heretix {
namespace {

using nlohmann::json;

std::optional<Reason> reason(const std::string& answer) { return read_stated(answer).reason; }

TEST(Stated, IsTheNumberUnderTheNameThatItsTypeHas) {
  EXPECT_DOUBLE_EQ(read_stated(R"({"type":"noul","noul":0.98})").prob_true->value(), 0.98);
  EXPECT_DOUBLE_EQ(read_stated(R"({"type":"predicate","name":null,"probability":1})").prob_true->value(), 1.0);
  EXPECT_DOUBLE_EQ(read_stated(R"({"type":"noul","noul":0.2,"confidence":0.8})").prob_true->value(), 0.2);
}

TEST(Stated, IsNeverAHalfWhereThereIsNoAnswer) {
  EXPECT_EQ(reason(R"({"type":"refusal","name":null})"), Reason::provider_refusal);
  EXPECT_EQ(reason(""), Reason::missing_answer);
  EXPECT_EQ(reason(R"({"type":"oracle","noul":0.5})"), Reason::missing_answer);
  EXPECT_EQ(reason(R"({"noul":0.5})"), Reason::missing_answer);
  EXPECT_EQ(reason(R"({"type":"noul","confidence":0.9})"), Reason::no_probability);
  EXPECT_EQ(reason(R"({"type":"noul","probability":0.9})"), Reason::no_probability);
  EXPECT_EQ(reason(R"({"type":"noul","noul":null})"), Reason::not_a_number);
  EXPECT_EQ(reason(R"({"type":"noul","noul":"0.5"})"), Reason::not_a_number);
  EXPECT_EQ(reason(R"({"type":"noul","noul":1.3})"), Reason::out_of_range);
  EXPECT_EQ(reason(R"({"type":"noul","noul":-0.01})"), Reason::out_of_range);
  EXPECT_EQ(reason(R"({"type":"noul","noul":NaN})"), Reason::not_json);
  EXPECT_EQ(reason("[0.5]"), Reason::not_json);
}

TEST(Sides, MakeHalfOfTheDifferenceOfTheirLogOdds) {
  const StatedSides sides{.claim = 0.9, .negation = 0.4};
  const double claim = std::log(9.0), negation = std::log(0.4 / 0.6);
  EXPECT_NEAR(sides.belief_logit(), (claim - negation) / 2, 1e-12);
  EXPECT_NEAR(sides.yes_bias(), (claim + negation) / 2, 1e-12);
  EXPECT_FALSE(sides.contradict());
  EXPECT_TRUE((StatedSides{.claim = 0.9, .negation = 0.6}.contradict()));
  EXPECT_TRUE((StatedSides{.claim = 0.1, .negation = 0.2}.contradict()));
  EXPECT_FALSE((StatedSides{.claim = 0.9, .negation = 0.5}.contradict()));
  EXPECT_NEAR((StatedSides{.claim = 0.9, .negation = {}}.belief_logit()), claim, 1e-12);
}

// The same tendency on both sides, in log-odds, leaves the belief where it is.
TEST(Sides, AreFreeOfATendencyToSayYes) {
  const auto sides = [](double bias) {
    return StatedSides{.claim = to_probability(Logit{0.7 + bias}).value(),
                       .negation = to_probability(Logit{-0.7 + bias}).value()};
  };
  for (const double bias : {-1.5, 0.0, 0.4, 2.0}) {
    EXPECT_NEAR(sides(bias).belief_logit(), 0.7, 1e-9);
    EXPECT_NEAR(sides(bias).yes_bias(), bias, 1e-9);
  }
}

TEST(Sides, ReadRoundedEndsAtHalfAStep) {
  const StatedSides sides{.claim = 1.0, .negation = 0.0, .step = 0.01};
  EXPECT_NEAR(to_probability(Logit{sides.belief_logit()}).value(), 0.995, 1e-9);
}

double log_odds(double p) { return std::log(p / (1 - p)); }

// 1.00 in steps of 0.01 is anything from 0.995 on; 0.10 anything from 0.095 to 0.105.
TEST(Sides, LeaveOpenWhatTheirRoundingLeavesOpen) {
  const StatedSides sides{.claim = 1.0, .negation = 0.1, .step = 0.01};
  const LogitRange belief = sides.belief_range(0.01);
  EXPECT_NEAR(belief.low, (log_odds(0.995) - log_odds(0.105)) / 2, 1e-9);
  EXPECT_NEAR(belief.high, (log_odds(1 - 1e-6) - log_odds(0.095)) / 2, 1e-9);
  const LogitRange bias = sides.yes_bias_range(0.01);
  EXPECT_NEAR(bias.low, (log_odds(0.995) + log_odds(0.095)) / 2, 1e-9);
  EXPECT_GE(sides.belief_logit(), belief.low);

  const StatedSides alone{.claim = 0.5, .negation = {}};
  EXPECT_NEAR(alone.belief_range(0.01).high, 4 * 0.005, 1e-4);
  EXPECT_EQ(alone.belief_range(0).low, alone.belief_range(0).high) << "nothing was rounded";
}

// Both numbers lie on tenths, which two of them by chance do once in a hundred times: the interval allows for that, and
// the values are read by hundredths.
TEST(Sides, MayHaveBeenRoundedMoreCoarselyThanTheyAreRead) {
  const std::vector<StatedSides> all{{.claim = 0.9, .negation = 0.1, .step = 0.01},
                                     {.claim = 1.0, .negation = 0.1, .step = 0.01}};
  EXPECT_EQ(rounding_of(all), 0.1);
  EXPECT_EQ(rounding_of(std::vector<StatedSides>{{.claim = 1.0, .negation = 0.1, .step = 0.01}}), 0.01);
}

TEST(Sides, AreKeptWithTheAnswerAndReadBack) {
  const StatedSides kept = sides_from(json::parse(to_evidence({.claim = 0.98, .negation = 0.03, .step = 0.01}).dump()));
  EXPECT_EQ(kept.claim, 0.98);
  EXPECT_EQ(kept.negation, 0.03);
  EXPECT_EQ(kept.step, 0.01);
  EXPECT_FALSE(sides_from(to_evidence({.claim = 0.98, .negation = {}})).negation);
}

class StatementParts : public ::testing::Test {
 protected:
  static Plan plan(bool with_negation = true) {
    Recipe recipe{.claim = parse_claim("Snow is white"), .model = ModelName("m"), .mode = Mode::live(), .sampling = {}};
    recipe.mode.with("readout", "decision");
    if (!with_negation) recipe.mode.with("negation", std::string(kNoNegation));
    recipe.sampling.slots = 3;
    recipe.sampling.replicates = 1;
    return make_plan(recipe, PromptBanks(HERETIX_PROMPTS).get(kStatementBank));
  }
  static Answer answer(const std::string& text) {
    Answer a;
    a.raw_text = text;
    a.verdict = read_part(Readout::decision, {}, text, "");
    return a;
  }
  static Answer noul(double p) { return answer(json{{"type", "noul"}, {"noul", p}}.dump()); }
};

TEST_F(StatementParts, AsksEveryStatementAndItsNegationOneSideAfterTheOther) {
  const Plan asked = plan();
  const Plan parts = Parts(asked).to_ask();
  ASSERT_EQ(parts.questions.size(), 6U);
  EXPECT_EQ(parts.system_text.find("\n\n"), std::string::npos) << "the state alone, without the form of an answer";
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(parts.questions[i].is_negation, i >= 3) << i;
    EXPECT_NE(parts.questions[i].user_text.find("<claim>Snow is white</claim>"), std::string::npos);
  }
  EXPECT_EQ(parts.questions[4].user_text, asked.questions[1].negated_text);
  EXPECT_NE(parts.questions[1].cache_key, parts.questions[4].cache_key);
}

TEST_F(StatementParts, WithoutNegationsAsksTheSameStatementsUnderTheSameKeys) {
  const Plan both = plan(), one = plan(false);
  ASSERT_EQ(Parts(one).to_ask().questions.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(Parts(one).to_ask().questions[i].cache_key, Parts(both).to_ask().questions[i].cache_key);
  EXPECT_NE(one.questions[0].cache_key, both.questions[0].cache_key) << "what is made of them differs";
  EXPECT_NE(one.run_id, both.run_id);
}

TEST_F(StatementParts, FindsTheStepOverTheWholeRun) {
  const Plan asked = plan();
  const auto made = Parts(asked).compose({noul(1), noul(0.98), noul(0.91), noul(0), noul(0.12), noul(0.2)});
  EXPECT_NEAR(made[0]->verdict.prob_true->value(), 0.995, 1e-9);
  EXPECT_EQ(json::parse(*made[0]->raw_text)["readout"]["step"], 0.01);
  EXPECT_EQ(contradiction_in(*made[0]->raw_text), "");
  const auto fine = Parts(asked).compose({noul(1), noul(0.987654321), noul(0.91), noul(0), noul(0.12), noul(0.2)});
  EXPECT_NEAR(fine[0]->verdict.prob_true->value(), 1 - 1e-6, 1e-12) << "full numbers keep the clamp of every estimate";
}

TEST_F(StatementParts, NeedsBothSidesOfATemplate) {
  const Plan asked = plan();
  const Answer refused = answer(R"({"type":"refusal","name":null})");
  const auto made = Parts(asked).compose({noul(0.9), noul(0.8), answer(""), noul(0.1), refused, noul(0.3)});
  EXPECT_TRUE(made[0]->verdict.usable());
  EXPECT_EQ(made[1]->verdict.reason, Reason::provider_refusal);
  EXPECT_EQ(made[2]->verdict.reason, Reason::missing_answer);
  EXPECT_FALSE(made[1]->verdict.prob_true.has_value());
}

}  // namespace
}  // namespace heretix
