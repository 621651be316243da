#include "belief/stats/ladder.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace heretix {
namespace {

using Answers = std::vector<std::optional<Probability>>;

// `count` answers around a half, `spread` apart by turns.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): how many before how far
Answers answers(std::size_t count, double spread) {
  Answers given;
  for (std::size_t i = 0; i < count; ++i) given.emplace_back(Probability{0.5 + (i % 2 == 0 ? spread : -spread)});
  return given;
}

// The numbers of the tests are worked out for the rule of earlier builds, unless a test says otherwise.
Climb climb(const Answers& given, std::size_t available, double target, const RoundingOfFirst& rounding = {},
            LadderRule rule = LadderRule::honest_v1) {
  std::vector<std::optional<NumberRead>> numbers;
  for (const auto& p : given) numbers.push_back(p ? std::optional(read_as_written(*p, 2)) : std::nullopt);
  return climb(numbers, available, {.target = target, .rule = rule, .rounding = rounding});
}

TEST(Ladder, AsksEightFirst) {
  const Climb start = climb({}, 16, 0.2);
  EXPECT_EQ(start.to_ask, 8U);
  EXPECT_FALSE(start.stop);
  EXPECT_TRUE(start.rungs.empty());
}

TEST(Ladder, StopsWhereTheTargetIsMet) {
  const Climb met = climb(answers(8, 0.013), 16, 0.2);
  EXPECT_EQ(met.stop, LadderStop::target_met);
  EXPECT_EQ(met.rungs.size(), 1U);
  EXPECT_EQ(met.rungs[0].honest.bounds->scale, 2.67);
}

// Spread 0.112: width 0.222 with 8 templates (2.67), 0.161 with 12 (2.45).
TEST(Ladder, GoesOnWhereTheNextRungCanHelp) {
  const Climb on = climb(answers(8, 0.112), 16, 0.2);
  EXPECT_FALSE(on.stop);
  EXPECT_EQ(on.to_ask, 12U);
  const Climb met = climb(answers(12, 0.112), 16, 0.2);
  EXPECT_EQ(met.stop, LadderStop::target_met);
  EXPECT_EQ(met.rungs.size(), 2U);
  EXPECT_EQ(met.rungs[1].honest.bounds->scale, 2.45);
}

// Spread 0.3: even 16 templates (2.39) leave a width of 0.34.
TEST(Ladder, SaysWhereWordingForbidsTheTarget) {
  const Climb limited = climb(answers(8, 0.3), 16, 0.2);
  EXPECT_EQ(limited.stop, LadderStop::limited_by_wording);
  EXPECT_EQ(limited.rungs.size(), 1U);
}

// Answers in steps of 0.05 have a cell of 0.05, whatever their spread.
TEST(Ladder, TheLastRungEndsIt) {
  const Climb last = climb(Answers(16, Probability{0.5}), 16, 0.04);
  EXPECT_EQ(last.stop, LadderStop::last_rung);
  EXPECT_EQ(last.rungs.size(), 3U);
}

TEST(Ladder, CompletesARungWithTheNextTemplates) {
  Answers given = answers(8, 0.013);
  given[2] = std::nullopt;
  given[5] = std::nullopt;
  EXPECT_EQ(climb(given, 16, 0.2).to_ask, 10U);
  const Answers more = answers(2, 0.013);
  given.insert(given.end(), more.begin(), more.end());
  const Climb met = climb(given, 16, 0.2);
  EXPECT_EQ(met.stop, LadderStop::target_met);
  EXPECT_EQ(met.rungs[0].asked, 10U);
  EXPECT_EQ(met.rungs[0].honest.templates, 8U);
}

// What later answers tell of the rounding never changes where a ladder stopped.
TEST(Ladder, JudgesARungByTheRoundingOfItsOwnAnswers) {
  const auto wide_later = [](std::size_t n) {
    const double reach = n > 8 ? 3.0 : 0.1;  // in log-odds
    return std::optional(KnownRounding{.step = 0.01, .ranges = std::vector<LogitRange>(n, {-reach, reach})});
  };
  const Climb met = climb(answers(12, 0.013), 16, 0.2, wide_later);
  EXPECT_EQ(met.stop, LadderStop::target_met);
  EXPECT_EQ(met.rungs.size(), 1U);
  EXPECT_EQ(met.to_ask, 8U);
  const auto wide = [&](std::size_t n) { return wide_later(n + 8); };
  EXPECT_EQ(climb(answers(8, 0.013), 16, 0.2, wide).to_ask, 12U) << "its own rounding counts";
}

TEST(Ladder, NeverAsksBeyondTheBank) {
  Answers given = answers(16, 0.112);
  for (std::size_t i = 0; i < 6; ++i) given[i] = std::nullopt;
  const Climb spent = climb(given, 16, 0.2);
  EXPECT_EQ(spent.stop, LadderStop::templates_spent);
  EXPECT_EQ(spent.rungs.back().honest.templates, 10U);
  EXPECT_EQ(spent.rungs.back().honest.bounds->scale, 3.00) << "a reason of its own takes the larger constant";
}

TEST(Ladder, AFewTemplatesKeepTheirLargerConstant) {
  EXPECT_EQ(any_stop_scale(3), 4.303);
  EXPECT_EQ(any_stop_scale(7), 3.00);
  EXPECT_EQ(any_stop_scale(12), 2.72);
  EXPECT_EQ(any_stop_scale(16), 2.64);
  EXPECT_THROW(climb(Answers(4, std::nullopt), 4, 0.2), Error);
}

// By the rule of earlier builds a written 1 counts as log-odds of 13.8, and makes the interval wider than the answers
// are.
TEST(Ladder, IsNotDecidedByTheClipOfCertainAnswers) {
  Answers given = answers(8, 0.013);
  for (auto& answer : given) answer = Probability{answer->value() + 0.45};
  given[0] = given[1] = given[2] = Probability{1.0};
  const Rung rung = climb(given, 16, 0.2, {}, LadderRule::belief_v2).rungs.at(0);
  EXPECT_GT(rung.honest.bounds->spread_logit, 4);
  EXPECT_LT(rung.belief.found.bounds->spread_logit, 1.5);
  EXPECT_LT(rung.judged_by(LadderRule::belief_v2).bounds->interval.width(),
            rung.judged_by(LadderRule::honest_v1).bounds->interval.width());
  EXPECT_EQ(rung.belief.found.bounds->scale, 2.67);
}

}  // namespace
}  // namespace heretix
