#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "belief/answer/tally.hpp"
#include "belief/answer/verdict.hpp"

namespace heretix {
namespace {

std::string reason_of(std::string_view raw) {
  const Verdict v = read_answer(raw, {});
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

constexpr std::string_view kAnswer = R"({"belief":{"prob_true":0.4,"label":"uncertain"}})";
constexpr std::string_view kDraft = R"({"belief":{"prob_true":0.9,"label":"very_likely"}})";

std::string filled(std::string_view form) {
  std::string text(form);
  text.replace(text.find("DRAFT"), 5, kDraft);
  text.replace(text.find("ANSWER"), 6, kAnswer);
  return text;
}

// The chat template wrote the opening mark, or the server left it out.
TEST(Answer, IsWhatComesAfterTheLastClosingMarkOfThinking) {
  for (const char* form :
       {"I would say DRAFT at first.</think>ANSWER", "<think>DRAFT</think>ANSWER",
        "<think>one</think>then DRAFT</think>\n\nANSWER", "[THINK]DRAFT[/THINK]ANSWER", "DRAFT[/THINK]ANSWER",
        "<seed:think>DRAFT</seed:think>\nANSWER", "◁think▷DRAFT◁/think▷ANSWER", "DRAFT◁/think▷ANSWER",
        "<|channel>thought\nDRAFT<channel|>ANSWER", "<|open|>think<|sep|>DRAFT<|close|>think<|sep|>ANSWER",
        "<THINK>DRAFT</Think>Here it is:\n```json\nANSWER\n```",
        "<|channel|>analysis<|message|>DRAFT<|end|><|start|>assistant<|channel|>final<|message|>ANSWER<|return|>",
        ("<|channel|>analysis<|message|>DRAFT<|end|><|start|>assistant<|channel|>final "
         "<|constrain|>json<|message|>ANSWER"),
        "analysisWe might say DRAFT.assistantfinalANSWER"}) {
    const Verdict verdict = read_answer(filled(form), {});
    ASSERT_TRUE(verdict.usable()) << form << ": " << reason_of(filled(form));
    EXPECT_EQ(verdict.prob_true->value(), 0.4) << form;
  }
}

TEST(Answer, IsNotThinkingThatNeverEnds) {
  for (const char* text :
       {R"(Let me think. <think>{"prob_true":0.9})", R"([THINK]{"prob_true":0.9})", R"(<seed:think>{"prob_true":0.9})",
        R"(<|channel|>analysis<|message|>{"prob_true":0.9}<|end|>)",
        R"(<|channel|>analysis<|message|>{"prob_true":0.9})", R"({"prob_true":0.9}</think>I cannot say.)",
        R"({"prob_true":0.9}</think>)"}) {
    EXPECT_EQ(reason_of(text), "not_json") << text;
  }
}

// A mark inside the answer itself is quoted there.
TEST(Answer, MayTalkAboutMarksOfThinking) {
  EXPECT_EQ(reason_of(R"({"prob_true":0.4,"reasons":["the tag </think> ends it"]})"), "usable");
  EXPECT_EQ(reason_of(R"(My answer: {"prob_true":0.4,"reasons":["<think> opens, </think> ends"]})"), "usable");
  EXPECT_EQ(reason_of(R"(<think a="b">{"prob_true":0.9}</think> {"prob_true":0.4})"), "ambiguous")
      << "no mark: it has attributes";
  EXPECT_EQ(reason_of(R"(<think a="b">so</think> hmm </think> {"prob_true":0.4})"), "usable")
      << "the second one closes";
}

TEST(Answer, IsOnlyThinkingWhereNothingWasSaid) {
  for (const char* text : {"", "  ", "<think>never ends", "[THINK]never ends", "it ends here</think>",
                           "<think>a</think> \n", "<|channel|>analysis<|message|>never ends"})
    EXPECT_TRUE(is_only_thinking(text)) << text;
  for (const char* text : {"{", "<think>a</think>{", "no thinking"}) EXPECT_FALSE(is_only_thinking(text)) << text;
}

// By place and structure, never by what is said.
TEST(Answer, IsNotAFormThatIsOnlyQuoted) {
  for (
      const char* text :
      {R"(I'm sorry, but I can't answer in the form {"belief":{"prob_true":0.5,"label":"uncertain"}} because I hold no beliefs.)",
       R"(You asked me to reply with {"prob_true":0.7}. I will not do that.)",
       R"(Please answer with {"prob_true":0.7} and nothing else.)",
       R"(Respond with JSON: {"prob_true":0.7} where prob_true is between 0 and 1.)",
       R"(I cannot produce "{"prob_true":0.7}".)", "The form “{\"prob_true\":0.7}” was asked for; I decline.",
       "> {\"prob_true\":0.7}\n\nI decline to answer this.",
       "Use this format:\n```json\n{\"prob_true\":0.7}\n```\nwhere prob_true is your probability.",
       "Use this format:\n{\"prob_true\":0.7}\nwhere prob_true is your probability.",
       "我不能用{\"prob_true\":0.7}的形式回答"}) {
    EXPECT_EQ(reason_of(text), "not_json") << text;
  }
  for (const char* text : {R"(Answer {"prob_true":0.7})", R"(**Answer:** `{"prob_true":0.7}`)",
                           R"("{"prob_true":0.7}")", "Here is my answer:\n\n{\"prob_true\":0.7}\n\nHope this helps!",
                           R"(My estimate: {"prob_true":0.7}. Let me know if you need more.)", "> {\"prob_true\":0.7}",
                           "You asked for {\"prob_true\":0.7} as a form.\n\n{\"prob_true\":0.7}"}) {
    EXPECT_EQ(reason_of(text), "usable") << text;
  }
}

TEST(Answer, CountsTheSameTextOnce) {
  EXPECT_EQ(reason_of(R"({"prob_true":0.4} {"prob_true":0.4} {"prob_true":0.4})"), "usable");
  EXPECT_EQ(reason_of(R"({"prob_true":0.4} {"prob_true":0.40})"), "ambiguous")
      << "another text, though the same number";
}

TEST(Answer, DeclinesByTrueInAnyFormThatMeansIt) {
  for (const char* flag : {"true", "\"true\"", "1", "1.0"}) {
    EXPECT_EQ(reason_of(fmt::format(R"({{"prob_true":0.4,"flags":{{"refused":{}}}}})", flag)), "refused") << flag;
    EXPECT_EQ(reason_of(fmt::format(R"({{"prob_true":0.4,"flags":{{"off_topic":{}}}}})", flag)), "refused") << flag;
  }
  for (const char* flag : {"false", "\"false\"", "0", "null", "2", "\"yes\""})
    EXPECT_EQ(reason_of(fmt::format(R"({{"prob_true":0.4,"flags":{{"refused":{}}}}})", flag)), "usable") << flag;
}

// The claim's own address is no source; any other one is.
TEST(Answer, MayRepeatAnAddressThatTheClaimNames) {
  const std::string claim = "https://example.com is a web page (see also www.example.org/about)";
  const auto reason = [&](std::string_view said) {
    const std::string text = fmt::format(R"({{"prob_true":0.4,"reasons":["{}"]}})", said);
    const Verdict verdict = read_answer(text, {.claim = claim});
    return verdict.reason ? std::string(to_word(*verdict.reason)) : "usable";
  };
  for (const char* said : {"https://example.com is up", "I know HTTPS://EXAMPLE.COM/.",
                           "www.example.com, http://example.com!", "see https://www.example.org/about"})
    EXPECT_EQ(reason(said), "usable") << said;
  for (const char* said :
       {"https://example.com/page", "https://example.com.evil.org", "https://example.com and https://wikipedia.org",
        "www.example.org", "https:\\/\\/wikipedia.org"})
    EXPECT_EQ(reason(said), "cites_source") << said;
  EXPECT_EQ(reason_of(R"({"prob_true":0.4,"reasons":["https://example.com"]})"), "cites_source") << "of another claim";
}

TEST(Answer, SaysWhetherItsLabelFitsItsNumber) {
  const auto fits = [](std::string_view label, double p) {
    return read_answer(fmt::format(R"({{"belief":{{"prob_true":{},"label":"{}"}}}})", p, label), {}).label_fits;
  };
  EXPECT_EQ(fits("very_unlikely", 0.95), false);
  EXPECT_EQ(fits("very_unlikely", 0.40), true);
  EXPECT_EQ(fits("very_unlikely", 0.41), false);
  EXPECT_EQ(fits("unlikely", 0.60), true);
  EXPECT_EQ(fits("unlikely", 0.61), false);
  EXPECT_EQ(fits("uncertain", 0.19), false);
  EXPECT_EQ(fits("uncertain", 0.20), true);
  EXPECT_EQ(fits("uncertain", 0.81), false);
  EXPECT_EQ(fits("likely", 0.39), false);
  EXPECT_EQ(fits("very_likely", 0.59), false);
  EXPECT_EQ(fits("Very Likely", 0.60), true) << "as it is written";
  EXPECT_EQ(fits("probably", 0.01), std::nullopt);
  EXPECT_EQ(read_answer(R"({"prob_true":0.95,"label":"unlikely"})", {}).label_fits, false);
  EXPECT_EQ(read_answer(R"({"prob_true":0.95})", {}).label_fits, std::nullopt);
  EXPECT_EQ(note_of(read_answer(R"({"prob_true":0.95,"label":"unlikely"})", {})), "contradicts_label");
  EXPECT_EQ(note_of(read_answer(R"({"prob_true":0.95,"label":"unlikely","flags":{"refused":true}})", {})), "");
}

// What was measured by the rules of version 1 is read as it was then.
TEST(Answer, KnowsWithHowManyDecimalsItsNumberWasWritten) {
  const auto decimals = [](const std::string& text, int rules = 2) {
    const Verdict verdict = read_answer(text, {.rules = rules});
    return verdict.usable() ? verdict.decimals.value_or(-1) : -2;
  };
  EXPECT_EQ(decimals(R"({"belief":{"prob_true":0.950}})"), 3);
  EXPECT_EQ(decimals(R"({"prob_true":1})"), 0);
  EXPECT_EQ(decimals(R"({"prob_true":1.0,"belief":{"prob_true":1.00}})"), 2) << "that of the belief counts";
  EXPECT_EQ(decimals(R"({"belief":{"prob_true":9.5e-1},"flags":{}})"), 2);
  EXPECT_EQ(decimals("Here it is:\n```json\n{\"prob_true\": 0.7}\n```\n"), 1);
  EXPECT_EQ(decimals("<think>0.12345 is it</think>{\"prob_true\": 0.70}"), 2);
  EXPECT_EQ(decimals("I say {\"prob_true\": 0.125}.", 1), 3);
  EXPECT_EQ(decimals(R"([{"response":"{\"prob_true\": 0.3000}"}])"), 4) << "wrapped, and in a string";
  EXPECT_EQ(decimals(R"({"prob_true":0.95,"flags":{"refused":true}})"), -2);
}

TEST(Answer, CanBeReadByTheRulesOfBefore) {
  const auto before = [](std::string_view text, std::string_view claim = "") {
    const Verdict v = read_answer(text, {.claim = claim, .rules = 1});
    EXPECT_FALSE(v.label_fits.has_value());
    return v.reason ? std::string(to_word(*v.reason)) : fmt::format("{}", v.prob_true->value());
  };
  EXPECT_EQ(before(R"(so {"prob_true":0.9}</think>)"), "0.9");
  EXPECT_EQ(before(R"({"prob_true":0.9}</think>{"prob_true":0.4})"), "ambiguous");
  EXPECT_EQ(before("```json\n{\"prob_true\":0.4}\n```\n```json\n{\"prob_true\":0.4}\n```"), "ambiguous");
  EXPECT_EQ(before(R"({"prob_true":0.4,"flags":{"refused":"true"}})"), "0.4");
  EXPECT_EQ(before(R"(I cannot reply with {"prob_true":0.4} at all.)"), "0.4");
  EXPECT_EQ(before(R"({"prob_true":0.4,"reasons":["https://example.com"]})", "https://example.com is up"),
            "cites_source");
  EXPECT_EQ(before(R"(<think>{"prob_true":0.9}</think>{"prob_true":0.4})"), "0.4");
}

TEST(Answer, IsReadAgainWithWhatStoodAroundIt) {
  const std::string plain = R"({"prob_true":0.4})";
  const auto again = [](std::string_view raw, Reason kept, int rules) {
    const Verdict v = read_again(raw, {Probability{0.4}, kept}, {.claim = "https://example.com is up", .rules = rules});
    return v.reason ? std::string(to_word(*v.reason)) : "usable";
  };
  EXPECT_EQ(again(plain, Reason::length_stop, 2), "length_stop");
  EXPECT_EQ(again(plain, Reason::searched, 2), "searched");
  EXPECT_EQ(again(plain, Reason::cites_source, 1), "cites_source") << "a search, as earlier builds said it";
  const std::string own = R"({"prob_true":0.4,"reasons":["https://example.com"]})";
  EXPECT_EQ(again(own, Reason::cites_source, 1), "cites_source");
  EXPECT_EQ(again(own, Reason::cites_source, 2), "usable");
  EXPECT_EQ(again(own, Reason::searched, 2), "searched");
}

TEST(Answer, LeavesNothingOfMinusZero) {
  EXPECT_FALSE(std::signbit(read_answer("{\"prob_true\":-0.0}", {}).prob_true->value()));
}

TEST(Answer, StaysLinearInHostileInput) {
  EXPECT_EQ(reason_of(std::string(65536, '{')), "truncated");
  EXPECT_EQ(reason_of(std::string(65536, '[')), "not_json");
  std::string numbers = "{\"prob_true\":0.5,\"x\":[1e999";
  while (numbers.size() < 65000) numbers += ",1e999";
  EXPECT_EQ(reason_of(numbers + "]}"), "usable");

  const auto many = [](std::string_view piece) {
    std::string text = "x";
    while (text.size() + piece.size() <= kMaxAnswerBytes) text += piece;
    return text;
  };
  for (const char* piece :
       {"</think>", "<think>", "<think a>", R"({"prob_true":0.1}</think>)", "<|channel|>final", "◁/think▷", "[THINK]"})
    reason_of(many(piece));
  EXPECT_EQ(reason_of(many(" https://example.com")), "not_json");
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
  const Recipe recipe{
      .claim = {"c"}, .model = ModelName("m"), .mode = Mode::live(), .sampling = {.slots = 2, .replicates = 2}};
  const Plan plan = make_plan(recipe, bank);
  Answer good, bad;
  good.verdict = read_answer("{\"prob_true\":0.5}", {});
  good.from_store = true;
  bad.verdict = read_answer("{\"prob_true\":0.5,\"flags\":{\"refused\":true}}", {});
  const Tally counted = tally(plan, {bad, bad, std::nullopt, good});
  EXPECT_EQ(counted.answered, 3U);
  EXPECT_EQ(counted.usable, 1U);
  EXPECT_DOUBLE_EQ(counted.compliance(), 1.0 / 3);
  EXPECT_DOUBLE_EQ(counted.cache_hit_rate(), 1.0 / 3);
  EXPECT_EQ(counted.labels.judged, 0U);
  ASSERT_EQ(counted.by_template.size(), 1U);
  EXPECT_EQ(counted.by_template[0].prompt_sha256, plan.templates[1].prompt_sha256);
}

TEST(Tally, CountsLabelsThatContradictByWording) {
  const PromptBank bank{.version = "v",
                        .system = "S",
                        .schema = "J",
                        .user_template = "T",
                        .paraphrases = {"a {CLAIM}", "b {CLAIM}"},
                        .source = ""};
  const Recipe recipe{
      .claim = {"c"}, .model = ModelName("m"), .mode = Mode::live(), .sampling = {.slots = 2, .replicates = 2}};
  const Plan plan = make_plan(recipe, bank);
  const auto said = [](const char* text) {
    Answer answer;
    answer.verdict = read_answer(text, {});
    return answer;
  };
  const Answer fits = said(R"({"belief":{"prob_true":0.9,"label":"very_likely"}})");
  const Answer contradicts = said(R"({"belief":{"prob_true":0.9,"label":"very_unlikely"}})");
  const Answer silent = said(R"({"belief":{"prob_true":0.9}})");

  const LabelAgreement labels = tally(plan, {contradicts, fits, fits, silent}).labels;
  EXPECT_EQ(labels.judged, 3U);
  EXPECT_EQ(labels.contradicting, 1U);
  ASSERT_EQ(labels.wordings.size(), 2U);
  EXPECT_EQ(labels.wordings[0].paraphrase_idx, plan.templates[0].paraphrase_idx);
  EXPECT_EQ(labels.wordings[0].contradicting, 1U);
  EXPECT_EQ(labels.wordings[1].judged, 1U);
}

}  // namespace
}  // namespace heretix
