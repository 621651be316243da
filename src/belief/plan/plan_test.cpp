#include "belief/plan/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "belief/plan/limits.hpp"
#include "belief/plan/outline.hpp"

namespace heretix {
namespace {

PromptBank bank_of(std::vector<std::string> paraphrases) {
  return {.version = "test_2026-01-01",
          .system = "S",
          .schema = "J",
          .user_template = "T",
          .paraphrases = std::move(paraphrases),
          .source = "test"};
}

Recipe recipe_of(const Sampling& sampling) {
  return {.claim = {"c"}, .model = ModelName("m"), .mode = Mode::live(), .sampling = sampling};
}

std::string refusal(const Recipe& recipe, const PromptBank& bank) {
  try {
    make_plan(recipe, bank);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::bad_input);
    return e.what();
  }
  return "no error";
}

TEST(Plan, CountsRepeatsOfOnePromptAsReplicates) {
  const Plan plan = make_plan(recipe_of({.slots = 4, .replicates = 2}), bank_of({"same {CLAIM}", "same {CLAIM}"}));
  ASSERT_EQ(plan.questions.size(), 8U);
  ASSERT_EQ(plan.templates.size(), 1U) << "equal text is one template";
  std::set<std::string> keys;
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(plan.questions[i].replicate_idx, static_cast<int>(i));
    keys.insert(plan.questions[i].cache_key);
  }
  EXPECT_EQ(keys.size(), 8U);
  EXPECT_EQ(plan.bank_size, 2) << "duplicates count";
}

TEST(Plan, ReplacesEveryMarkButSearchesNotWhatTheClaimBrings) {
  Recipe recipe = recipe_of({.slots = 1, .replicates = 1});
  recipe.claim = {"is {CLAIM} so"};
  const Plan plan = make_plan(recipe, bank_of({"{CLAIM} / {CLAIM}"}));
  EXPECT_EQ(plan.questions[0].user_text, "is {CLAIM} so / is {CLAIM} so\n\nT");
}

TEST(Plan, MeasuresAllSelectedTemplatesAlsoThoseNeverAsked) {
  Recipe recipe = recipe_of({.slots = 1, .replicates = 1, .max_prompt_chars = 40});
  const PromptBank bank = bank_of({"short {CLAIM}", "short {CLAIM}!", std::string(50, 'x') + "{CLAIM}"});
  EXPECT_EQ(refusal(recipe, bank),
            "the prompt of template 2 has 60 characters; at most 40 are allowed (the claim has 1)");
  EXPECT_EQ(make_plan(recipe_of({.slots = 1}), bank).longest_prompt, 60);
}

TEST(Plan, RefusesNumbersOutOfRangeByName) {
  const PromptBank bank = bank_of({"a {CLAIM}", "b {CLAIM}"});
  EXPECT_EQ(refusal(recipe_of({.slots = 0}), bank), "K (slots) is 0; it must be from 1 to 4096");
  EXPECT_EQ(refusal(recipe_of({.replicates = 0}), bank), "R (replicates) is 0; it must be from 1 to 1024");
  EXPECT_EQ(refusal(recipe_of({.templates = 3}), bank), "T (templates) is 3; it must be from 1 to 2");
  EXPECT_EQ(refusal(recipe_of({.templates = 0}), bank), "T (templates) is 0; it must be from 1 to 2");
  EXPECT_EQ(refusal(recipe_of({.draws = 0}), bank), "B (bootstrap draws) is 0; it must be from 1 to 1000000");
}

std::string too_large(const Sampling& sampling, Readout readout, int samples, std::int64_t most) {
  try {
    require_measurable(sampling, readout, samples, most);
    return "";
  } catch (const Error& e) { return e.what(); }
}

TEST(Sampling, IsTooLargeByItsNumbersAlone) {
  constexpr Readout kWritten = Readout::verbalized;
  EXPECT_EQ(too_large({.slots = 64, .replicates = 1024}, kWritten, 20, kMaxQuestions), "");
  EXPECT_EQ(too_large({.slots = 65, .replicates = 1024}, kWritten, 20, kMaxQuestions),
            "K times R is 65 times 1024 = 66560 questions; one measurement asks at most 65536");
  EXPECT_EQ(too_large({.slots = 51, .replicates = 1}, Readout::frequency, 20, 1024), "");
  EXPECT_EQ(too_large({.slots = 52, .replicates = 1}, Readout::frequency, 20, 1024),
            "K times R times samples is 52 times 1 times 20 = 1040 questions; one measurement asks at most 1024");
  EXPECT_EQ(too_large({.slots = 4097, .replicates = 1}, kWritten, 20, kMaxQuestions),
            "K (slots) is 4097; it must be from 1 to 4096");
  EXPECT_EQ(too_large({.slots = 8, .replicates = 2, .draws = 1'000'001}, kWritten, 20, kMaxQuestions),
            "B (bootstrap draws) is 1000001; it must be from 1 to 1000000");
  const Sampling largest{.slots = std::numeric_limits<int>::max(), .replicates = std::numeric_limits<int>::max()};
  EXPECT_EQ(questions_of(largest, kWritten, 1), 4'611'686'014'132'420'609);
}

TEST(Plan, HasAnOutlineThatSaysTheSameWithoutItsQuestions) {
  const PromptBank bank = bank_of({"a {CLAIM}", "b {CLAIM}", "c {CLAIM}"});
  const Recipe recipe = recipe_of({.slots = 8, .replicates = 2});
  const Plan plan = make_plan(recipe, bank);
  const Plan outline = outline_plan(recipe, bank);
  EXPECT_TRUE(outline.questions.empty());
  EXPECT_EQ(questions_planned(outline), plan.questions.size());
  EXPECT_EQ(outline.run_id, plan.run_id);
  EXPECT_EQ(outline.longest_prompt, plan.longest_prompt);
  EXPECT_EQ(outline.template_order, plan.template_order);
  EXPECT_EQ(outline.planned_counts, plan.planned_counts);
}

TEST(Mode, WritesWhatDiffersInByteOrder) {
  Mode mode = Mode::live();
  EXPECT_EQ(mode.text(), "LIVE");
  mode.with("temperature", "0.7").with("gguf", "ab12").with("run", "exec-1");
  EXPECT_EQ(mode.text(), "LIVE;gguf=ab12;run=exec-1;temperature=0.7");
  EXPECT_EQ(mode.recipe_text(), "LIVE;gguf=ab12;temperature=0.7");
}

TEST(Plan, NamesARecipeByItsModeButNotByItsExecution) {
  const PromptBank bank = bank_of({"a {CLAIM}"});
  Recipe plain = recipe_of({});
  Recipe local = plain;
  local.mode.with("gguf", "ab12");
  Recipe once = local;
  once.mode.with("run", "exec-1");
  EXPECT_NE(make_plan(plain, bank).run_id, make_plan(local, bank).run_id);
  EXPECT_EQ(make_plan(local, bank).run_id, make_plan(once, bank).run_id);
  EXPECT_NE(make_plan(local, bank).questions[0].cache_key, make_plan(once, bank).questions[0].cache_key);
}

Sampling ladder_of(double target, LadderRule rule = LadderRule::honest_v1) {
  return {.slots = 3, .replicates = 1, .ladder = Ladder{{2, 3}, target, rule}};
}

TEST(Ladder, NamesItsRecipeByRungsAndTarget) {
  const PromptBank bank = bank_of({"a {CLAIM}", "b {CLAIM}", "c {CLAIM}"});
  EXPECT_EQ(make_plan(recipe_of(ladder_of(0.2)), bank).run_id.text(), "heretix-rpl-a1c5a1834578");
  Recipe mocked = recipe_of(ladder_of(0.25));
  mocked.mode = Mode::mock();
  EXPECT_EQ(make_plan(mocked, bank).run_id.text(), "heretix-rpl-62c795ef599c");
}

// The rule of earlier builds has no place in the name, so that their runs keep theirs.
TEST(Ladder, NamesItsRecipeByTheRuleToo) {
  const PromptBank bank = bank_of({"a {CLAIM}", "b {CLAIM}", "c {CLAIM}"});
  const Plan plan = make_plan(recipe_of(ladder_of(0.2, LadderRule::belief_v2)), bank);
  EXPECT_EQ(plan.run_id.text(), "heretix-rpl-588304fe5776");
  const Plan before = make_plan(recipe_of(ladder_of(0.2)), bank);
  EXPECT_EQ(plan.questions[0].cache_key, before.questions[0].cache_key) << "what was answered counts for both";
  EXPECT_EQ(plan.template_order, before.template_order);
}

TEST(Ladder, AsksEveryDifferentTemplateOnceInAnOrderOfItsOwn) {
  std::vector<std::string> paraphrases;
  for (int i = 0; i < 30; ++i) paraphrases.push_back("p" + std::to_string(i % 20) + " {CLAIM}");
  const Plan plan = make_plan(recipe_of(ladder_of(0.2)), bank_of(paraphrases));
  EXPECT_EQ(plan.questions.size(), 20U) << "ten are said twice";
  EXPECT_EQ(plan.templates.size(), 20U);
  EXPECT_FALSE(std::ranges::is_sorted(plan.template_order));
  Recipe other = recipe_of(ladder_of(0.2));
  other.claim = {"another"};
  EXPECT_NE(make_plan(other, bank_of(paraphrases)).template_order, plan.template_order);
  Recipe asked_of_another = recipe_of(ladder_of(0.2));
  asked_of_another.model = ModelName("m2");
  EXPECT_EQ(make_plan(asked_of_another, bank_of(paraphrases)).template_order, plan.template_order)
      << "models are compared template by template";
  Recipe wider = recipe_of(ladder_of(0.4));
  EXPECT_EQ(make_plan(wider, bank_of(paraphrases)).template_order, plan.template_order)
      << "another target finds the answers that are stored";
}

TEST(Ladder, ItsPartHoldsTheFirstQuestions) {
  const Plan plan = make_plan(recipe_of(ladder_of(0.2)), bank_of({"a {CLAIM}", "b {CLAIM}", "c {CLAIM}"}));
  const Plan part = first_of_ladder(plan, 2);
  ASSERT_EQ(part.questions.size(), 2U);
  EXPECT_EQ(part.questions[1].cache_key, plan.questions[1].cache_key);
  EXPECT_EQ(part.templates.size(), 2U);
  EXPECT_EQ(part.planned_counts, (std::vector<int>{1, 1, 0}));
  EXPECT_EQ(part.run_id, plan.run_id);
}

TEST(Ladder, IsRefusedWhereItCannotBeClimbed) {
  const PromptBank small = bank_of({"a {CLAIM}", "a {CLAIM}", "c {CLAIM}"});
  EXPECT_NE(refusal(recipe_of(ladder_of(0.2)), small).find("2 different wordings"), std::string::npos);
  EXPECT_NE(refusal(recipe_of(ladder_of(0.0)), small).find("the wanted width is 0"), std::string::npos);
  EXPECT_NE(refusal(recipe_of(ladder_of(1.01)), small).find("at most 1"), std::string::npos);
}

TEST(Claim, IsRefusedWithWhatIsWrongAndWhere) {
  const auto message = [](const std::string& text) -> std::string {
    try {
      parse_claim(text);
    } catch (const Error& e) { return e.what(); }
    return "no error";
  };
  EXPECT_EQ(message(" \n"), "the claim is empty");
  EXPECT_EQ(message(std::string("a\0b", 3)), "the claim contains a NUL character at byte 1");
  EXPECT_EQ(message("ab\xff"), "the claim is not valid UTF-8 at byte 2");
  EXPECT_EQ(message(std::string(16385, 'x')), "the claim has 16385 bytes; at most 16384 are allowed");
  EXPECT_EQ(parse_claim("  kept as it is ").text, "  kept as it is ");
}

}  // namespace
}  // namespace heretix
