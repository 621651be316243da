#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "belief/prompt/banks.hpp"
#include "belief/readout/number_tree.hpp"
#include "belief/readout/parts.hpp"
#include "belief/readout/word_mass.hpp"

namespace heretix {
namespace {

using nlohmann::json;

// A reply's logprobs: each step its chosen token and what else stood there.
struct Shown {
  std::string chosen;
  std::vector<TokenChoice> choices;
};
std::string logprobs(const std::vector<Shown>& steps) {
  json all = json::array();
  for (const Shown& step : steps) {
    json top = json::array();
    for (const TokenChoice& c : step.choices) top.push_back({{"token", c.text}, {"logprob", std::log(c.probability)}});
    all.push_back({{"token", step.chosen}, {"logprob", 0.0}, {"top_logprobs", top}});
  }
  return all.dump();
}

TEST(ReadNumber, KnowsWhatABeginningCanBecome) {
  for (const char* text : {"", " ", "0", "0.", "0.25", " 0.7", "1", "1.", "1.0"})
    EXPECT_EQ(read_number(text).state, NumberState::begun) << text;
  for (const char* text : {"0,", "1}", "0.85,\"label", "1.0 ", " 0.5\n"})
    EXPECT_EQ(read_number(text).state, NumberState::ended) << text;
  for (const char* text : {"2", "-0", "0.5x", "1.5", "0.,", ",", "00", ".5", "0.5%"})
    EXPECT_EQ(read_number(text).state, NumberState::none) << text;
  EXPECT_EQ(read_number(" 0.85,\"label\"").number, "0.85");
}

// By hand: 0.7 * (0.6 * 0.8 + 0.4 * 0.9) + 0.3 * 1 = 0.888.
TEST(NumberTree, IsTheMeanOfEveryNumberByItsMass) {
  NumberTree tree;
  tree.add("", {{"0.", 0.7}, {"1", 0.3}});
  tree.add("0.", {{"8", 0.6}, {"9", 0.4}});
  tree.add("0.8", {{",", 1}});
  tree.add("0.9", {{",", 1}});
  tree.add("1", {{",", 1}});
  const NumberSpread spread = tree.spread();
  EXPECT_NEAR(spread.expected(), 0.888, 1e-9);
  EXPECT_DOUBLE_EQ(spread.low(), spread.high());
  EXPECT_NEAR(spread.numbers.at("0.8"), 0.42, 1e-9);
  EXPECT_EQ(spread.remaining(), 0);
  EXPECT_TRUE(tree.unexplored(8).empty());
}

TEST(NumberTree, LeavesOpenWhatWasNotLookedInto) {
  NumberTree tree;
  tree.add_path("", token_steps(logprobs({{"0", {{"0", 1.0}}},
                                          {".", {{".", 1.0}}},
                                          {"8", {{"8", 0.5}, {"2", 0.5}}},
                                          {"5", {{"5", 0.9}, {",", 0.1}}},
                                          {",", {{",", 1.0}}}})));
  const NumberSpread spread = tree.spread();
  EXPECT_NEAR(spread.numbers.at("0.85"), 0.45, 1e-9);
  EXPECT_NEAR(spread.open.at("0.2"), 0.5, 1e-9);
  EXPECT_NEAR(spread.low(), 0.45 * 0.85 + 0.05 * 0.8 + 0.5 * 0.2, 1e-9);
  EXPECT_NEAR(spread.high() - spread.low(), 0.5 * 0.1, 1e-9);
  EXPECT_EQ(tree.unexplored(8), std::vector<std::string>{"0.2"});
}

// Tokens that no number has are left out, as under a grammar; what a server does not show is open.
TEST(NumberTree, CountsOnlyWhatKeepsToTheForm) {
  NumberTree tree;
  tree.add("", {{"0.5,", 0.4}, {"1,", 0.4}, {"High", 0.2}});
  EXPECT_NEAR(tree.spread().expected(), 0.75, 1e-9);
  NumberTree cut;
  cut.add("", {{"0.5,", 0.45}, {"1,", 0.45}});
  const NumberSpread spread = cut.spread();
  EXPECT_NEAR(spread.open.at(""), 0.1, 1e-9);
  EXPECT_NEAR(spread.expected(), 0.45 * 0.5 + 0.45 + 0.1 * 0.5, 1e-9);
  EXPECT_TRUE(cut.unexplored(8).empty()) << "asking again shows no more";
}

// Trees of earlier builds lack the rule by which a local model's tree is walked now.
TEST(NumberTree, KeepsTheRuleThatItWasWalkedBy) {
  NumberSpread walked{.numbers = {{"0.5", 0.9}}, .open = {{"0.7", 0.1}}, .explored_to = kRemainingReach};
  EXPECT_EQ(spread_from(to_json(walked)).explored_to, kRemainingReach);
  EXPECT_NEAR(walked.expected(), 0.9 * 0.5 + 0.1 * 0.75, 1e-12);
  const NumberSpread earlier = spread_from({{"numbers", {{"0.5", 0.9}}}, {"open", {{"0.7", 0.1}}}});
  EXPECT_FALSE(earlier.explored_to.has_value());
  EXPECT_FALSE(to_json(earlier).contains("explored_to"));
  EXPECT_EQ(earlier.expected(), walked.expected());
}

TEST(NumberTree, SaysTheNoiseOfOneWrittenNumber) {
  NumberTree tree;
  tree.add("", {{"0.2,", 0.5}, {"0.8,", 0.5}});
  EXPECT_NEAR(tree.spread().deviation(), 0.3, 1e-9);
  EXPECT_EQ(to_json(spread_from(to_json(tree.spread()))), to_json(tree.spread()));
}

TEST(WordMass, SumsBothSpellingsOfEachWord) {
  const auto steps = token_steps(
      logprobs({{"True", {{"True", 0.5}, {" true", 0.1}, {"Tr", 0.05}, {"False", 0.2}, {" F", 0.05}, {"The", 0.1}}}}));
  const WordMass mass = *word_mass(steps);
  EXPECT_NEAR(mass.yes, 0.65, 1e-9);
  EXPECT_NEAR(mass.no, 0.25, 1e-9);
  EXPECT_NEAR(mass.probability(), 0.65 / 0.9, 1e-9);
}

// One token at −0.1: False may have all that is not shown, or nothing.
TEST(WordMass, HasBoundsWhereTheServerHidesTokens) {
  const WordMass mass = *word_mass(token_steps(R"([{"token":"True","logprob":-0.1}])"));
  EXPECT_NEAR(mass.low(), std::exp(-0.1), 1e-12);
  EXPECT_EQ(mass.high(), 1.0);
  EXPECT_NEAR(mass.probability(), (std::exp(-0.1) + 1) / 2, 1e-12);

  const WordMass both = *word_mass(token_steps(logprobs({{"True", {{"True", 0.5}, {"False", 0.1}}}})));
  EXPECT_NEAR(both.probability(), 0.5 / 0.6, 1e-12) << "by the masses that are shown";
  EXPECT_NEAR(both.low(), 0.5, 1e-12);
  EXPECT_NEAR(both.high(), 0.9, 1e-12);

  const WordMass whole = *word_mass(token_steps(R"([{"token":"True","logprob":-0.1,"complete":true}])"));
  EXPECT_EQ(whole.probability(), 1.0) << "a local model shows every spelling of both words";
}

TEST(TokenSteps, NameWhatNoProbabilitiesCanBe) {
  EXPECT_EQ(nonsense_in(R"([{"token":" True","logprob":0.3}])"),
            "the token ' True' has the log-probability 0.3, which is above 0");
  EXPECT_EQ(nonsense_in(logprobs({{"A", {{"A", 0.9}, {"B", 0.8}}}})),
            "the probabilities of the tokens in the place of 'A' add up to 1.7, which is above 1");
  EXPECT_EQ(nonsense_in(logprobs({{"A", {{"A", 0.9}, {"B", 0.105}}}})), "") << "rounded";
  EXPECT_EQ(nonsense_in(R"([{"token":"True","logprob":0.0000001}])"), "");
  EXPECT_EQ(nonsense_in("no JSON"), "");
}

// A space that both may begin with says nothing; what follows it does.
TEST(WordMass, LooksBehindATokenThatBothWordsShare) {
  const auto steps = token_steps(
      logprobs({{" ", {{" ", 0.5}, {"True", 0.3}, {"False", 0.2}}}, {"False", {{"False", 0.6}, {"True", 0.4}}}}));
  EXPECT_NEAR(word_mass(steps)->yes, 0.3 + 0.5 * 0.4, 1e-9);
  EXPECT_NEAR(word_mass(steps)->no, 0.2 + 0.5 * 0.6, 1e-9);
  EXPECT_FALSE(word_mass(token_steps(logprobs({{"The", {{"The", 0.9}, {"I", 0.1}}}}))));
  EXPECT_FALSE(word_mass(token_steps("")));
}

TEST(WordMass, TakesNoLongerWordForOne) {
  EXPECT_EQ(side_of("Truely"), WordSide::neither);
  EXPECT_EQ(side_of("TRUE."), WordSide::yes);
  EXPECT_EQ(side_of(" "), WordSide::either);
  EXPECT_EQ(word_of_answer(" **True**, I think"), true);
  EXPECT_EQ(word_of_answer("\"false\""), false);
  EXPECT_FALSE(word_of_answer("Falsehoods abound").has_value());
  EXPECT_FALSE(word_of_answer("").has_value());
}

class Reading : public ::testing::Test {
 protected:
  // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what is given is the mode, in its order
  static Plan plan(const char* readout, const char* samples = nullptr) {
    Recipe recipe{.claim = parse_claim("Snow is white"), .model = ModelName("m"), .mode = Mode::live(), .sampling = {}};
    recipe.mode.with("readout", readout);
    if (samples != nullptr) recipe.mode.with("samples", samples);
    recipe.sampling.slots = 2;
    recipe.sampling.replicates = 1;
    return make_plan(recipe, PromptBanks(HERETIX_PROMPTS).get("heretix_v1"));
  }
  // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): what it said comes before how sure it was
  static Answer answer(Readout readout, const std::string& text, const std::string& probabilities = "",
                       const std::string& begun = "") {
    Question part;
    part.begun = std::string(kAnswerOpening) + begun;
    Answer a;
    a.raw_text = text;
    a.logprobs = probabilities;
    a.verdict = read_part(readout, part, text, probabilities);
    a.tokens_out = 2;
    return a;
  }
};

TEST_F(Reading, OfAFrequencyCountsSamples) {
  const Plan asked = plan("frequency", "4");
  Parts parts(asked);
  ASSERT_EQ(parts.to_ask().questions.size(), 8U);
  EXPECT_EQ(parts.to_ask().recipe.sampling.max_output_tokens, asked.recipe.sampling.max_output_tokens);
  std::vector<std::optional<Answer>> answers(8);
  const char* words[] = {"True", "False", "True.", "maybe", "False", "False", "False", "False"};
  for (std::size_t i = 0; i < 8; ++i) answers[i] = answer(Readout::frequency, words[i]);
  EXPECT_FALSE(parts.add_further(answers));
  const auto made = parts.compose(answers);
  EXPECT_DOUBLE_EQ(made[0]->verdict.prob_true->value(), 2.5 / 4);  // 2 of 3, and half an answer on either side
  EXPECT_DOUBLE_EQ(made[1]->verdict.prob_true->value(), 0.5 / 5);
  EXPECT_EQ(made[0]->tokens_out, 8);
  EXPECT_EQ(contradiction_in(*made[0]->raw_text), "");
  json changed = json::parse(*made[0]->raw_text);
  changed["belief"]["prob_true"] = 0.7;
  EXPECT_NE(contradiction_in(changed.dump()), "");
  answers[5].reset();
  EXPECT_FALSE(parts.compose(answers)[1]) << "a sample is missing";
}

TEST_F(Reading, MoreSamplesAskOnlyTheFurtherOnes) {
  const Plan four = plan("frequency", "4"), six = plan("frequency", "6");
  EXPECT_NE(four.questions[0].cache_key, six.questions[0].cache_key);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_EQ(Parts(four).to_ask().questions[i].cache_key, Parts(six).to_ask().questions[i].cache_key);
}

TEST_F(Reading, OfAnExpectedAnswerAsksForItsOpenBranches) {
  const Plan asked = plan("expected");
  Parts parts(asked);
  ASSERT_EQ(parts.to_ask().questions.size(), 2U);
  EXPECT_EQ(parts.to_ask().recipe.sampling.max_output_tokens, kPartTokens);
  EXPECT_EQ(parts.to_ask().questions[0].begun, kAnswerOpening);
  const std::string first = logprobs({{"0.", {{"0.", 1.0}}}, {"9", {{"9", 0.6}, {"1", 0.4}}}, {",", {{",", 1.0}}}});
  const std::string sure = logprobs({{"1", {{"1", 1.0}}}, {",", {{",", 1.0}}}});
  std::vector<std::optional<Answer>> answers = {answer(Readout::expected, "0.9,", first),
                                                answer(Readout::expected, "1,", sure)};
  ASSERT_TRUE(parts.add_further(answers));
  ASSERT_EQ(parts.to_ask().questions.size(), 3U) << "the second one is sure of its number";
  EXPECT_EQ(parts.to_ask().questions[2].begun, std::string(kAnswerOpening) + "0.1");
  EXPECT_NE(parts.to_ask().questions[2].cache_key, parts.to_ask().questions[0].cache_key);
  answers.push_back(answer(Readout::expected, "5,", logprobs({{"5", {{"5", 1.0}}}, {",", {{",", 1.0}}}}), "0.1"));
  EXPECT_FALSE(parts.add_further(answers));
  const auto made = parts.compose(answers);
  EXPECT_NEAR(made[0]->verdict.prob_true->value(), 0.6 * 0.9 + 0.4 * 0.15, 1e-9);
  EXPECT_DOUBLE_EQ(made[1]->verdict.prob_true->value(), 1.0);
  EXPECT_EQ(contradiction_in(*made[0]->raw_text), "");
}

TEST_F(Reading, OfATokenSaysItsBounds) {
  const Plan asked = plan("token");
  Parts parts(asked);
  const std::string shown = R"([{"token":"True","logprob":-0.1}])";
  const auto made = parts.compose({answer(Readout::token, "True", shown), answer(Readout::token, "True", shown)});
  EXPECT_NEAR(made[0]->verdict.prob_true->value(), (std::exp(-0.1) + 1) / 2, 1e-9);
  EXPECT_NEAR(json::parse(*made[0]->raw_text)["readout"]["low"].get<double>(), std::exp(-0.1), 1e-9);
  EXPECT_EQ(contradiction_in(*made[0]->raw_text), "");
}

TEST_F(Reading, RefusesProbabilitiesThatCannotBe) {
  const Plan asked = plan("token");
  Parts parts(asked);
  const Answer nonsense = answer(Readout::token, "True", R"([{"token":"True","logprob":0.5}])");
  EXPECT_EQ(nonsense.verdict.reason, Reason::no_probability);
  const auto made = parts.compose({nonsense, nonsense});
  EXPECT_FALSE(made[0]->verdict.usable());
  EXPECT_NE(json::parse(*made[0]->raw_text)["readout"]["fault"].get<std::string>().find("'True'"), std::string::npos);
}

TEST_F(Reading, OfAnythingElseIsRefused) {
  EXPECT_FALSE(answer(Readout::token, "The", logprobs({{"The", {{"The", 1.0}}}})).verdict.usable());
  EXPECT_FALSE(answer(Readout::expected, "High", logprobs({{"High", {{"High", 1.0}}}})).verdict.usable());
  EXPECT_FALSE(answer(Readout::token, "True", "").verdict.usable()) << "no probabilities came";
  EXPECT_TRUE(answer(Readout::expected, ",", logprobs({{",", {{",", 1.0}}}}), "0.1").verdict.usable());
  const Plan asked = plan("token");
  Parts parts(asked);
  const std::vector<std::optional<Answer>> answers(2, answer(Readout::token, "The", ""));
  EXPECT_EQ(parts.compose(answers)[0]->verdict.reason, Reason::no_probability);
}

}  // namespace
}  // namespace heretix
