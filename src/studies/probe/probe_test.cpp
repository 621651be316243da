#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.hpp"
#include "belief/estimate/rng.hpp"
#include "belief/prompt/banks.hpp"
#include "belief/stats/moments.hpp"
#include "studies/probe/profile.hpp"

namespace heretix {
namespace {

ProbeDesign design(int repeats = 3, std::size_t most_together = 64) {
  return {.bank = PromptBanks(HERETIX_PROMPTS).get(kStatementBank),
          .model = ModelName("m"),
          .mode = Mode::live(),
          .probe_id = "probe-1",
          .repeats = repeats,
          .most_together = most_together};
}

double normal(Rng& rng) { return normal_quantile(rng.unit() * 0.9998 + 0.0001); }

using NumberOf = std::function<double(std::size_t claim, std::size_t wording, Way way, int repeat)>;

// Six wordings of each claim, in every way, and all sixteen in company.
ProbeSeen seen_by(const ProbeDesign& asked, const NumberOf& number_of) {
  ProbeSeen seen;
  for (std::size_t claim = 0; claim < probe_claims().size(); ++claim) {
    for (std::size_t wording = 0; wording < asked.wordings(); ++wording) {
      StatementSeen statement{.claim = claim, .wording = wording};
      for (const Way way : {Way::alone, Way::together, Way::reversed, Way::renamed, Way::company}) {
        for (int repeat = 0; repeat < asked.repeats; ++repeat)
          statement.numbers[way].push_back(number_of(claim, wording, way, repeat));
      }
      seen.statements.push_back(statement);
    }
  }
  return seen;
}

double plain(std::size_t claim, std::size_t wording) {
  return 0.1 + 0.15 * static_cast<double>(claim) + 0.013 * static_cast<double>(wording) + 0.0001234;
}

double in_hundredths(double p) { return std::round(p * 100) / 100; }

std::set<std::string> keys_of(const Plan& plan) {
  std::set<std::string> keys;
  for (const Question& question : plan.questions) keys.insert(question.cache_key);
  return keys;
}

// ---- What is asked ----

TEST(ProbePlan, EachWayAndEachProbeHasKeysOfItsOwn) {
  std::set<std::string> all;
  std::size_t questions = 0;
  const auto add = [&](const Plan& plan) {
    questions += plan.questions.size();
    all.merge(keys_of(plan));
  };
  ProbeDesign asked = design();
  for (const char* id : {"probe-1", "probe-2"}) {
    asked.probe_id = id;
    for (int i = 0; i < kOneByOne; ++i) add(probe_plan_one_by_one(asked, i));
    for (std::size_t claim = 0; claim < probe_claims().size(); ++claim) {
      for (const Way way : {Way::alone, Way::together, Way::reversed, Way::renamed, Way::company})
        add(probe_plan(asked, claim, way));
      for (const ProbeState& state : probe_states()) add(probe_plan_under(asked, claim, state));
    }
  }
  EXPECT_EQ(all.size(), questions);
  EXPECT_EQ(questions, 2 * questions_of(asked));
}

TEST(ProbePlan, SixGoTogetherAndSixteenAreTheirCompany) {
  const ProbeDesign asked = design(2);
  const Plan alone = probe_plan(asked, 0, Way::alone);
  EXPECT_EQ(alone.questions.size(), 2U * 6 + 6);  // repeats and negations
  EXPECT_EQ(std::ranges::count_if(alone.questions, &Question::is_negation), 6);
  EXPECT_EQ(alone.recipe.mode.text(), "LIVE;part=1;readout=decision;run=probe-1");

  const Plan reversed = probe_plan(asked, 0, Way::reversed);
  EXPECT_EQ(reversed.questions.size(), 2U * 6);
  EXPECT_EQ(reversed.recipe.mode.text(), "LIVE;order=reversed;part=1;readout=decision;run=probe-1;together=6");
  EXPECT_EQ(probe_plan(asked, 0, Way::renamed).recipe.mode.value("ids"), "item");
  EXPECT_EQ(probe_plan(asked, 0, Way::company).questions.size(), 2U * 16);
  EXPECT_EQ(probe_plan(asked, 0, Way::company).recipe.mode.value("together"), "16");
}

TEST(ProbePlan, AServiceThatTakesFewerIsAskedFewerTogether) {
  EXPECT_EQ(design(3, 10).together(Way::together), 6U);
  EXPECT_EQ(design(3, 10).together(Way::company), 10U);
  EXPECT_EQ(design(3, 4).together(Way::together), 4U);
  EXPECT_EQ(design(3, 4).together(Way::company), 1U);  // it would say nothing new
  EXPECT_EQ(design(3, 1).together(Way::together), 1U);
  EXPECT_EQ(questions_of(design(3, 1)), 6U * (6 * 3 + 6 + 6 * 2) + 20);
}

// ---- Noise ----

// Numbers 0.4 and 0.6 of one statement: variance 0.02. Of one in two statements: 0.01, a deviation of 0.1.
TEST(Profile, TheVarianceOfANumberIsTheMeanOverStatements) {
  const ProbeSeen seen = seen_by(design(2), [](std::size_t, std::size_t wording, Way, int repeat) {
    return wording % 2 == 0 ? 0.4 + 0.2 * repeat : 0.5;
  });
  const Profile profile = profile_of(design(2), seen);
  ASSERT_TRUE(profile.noise);
  EXPECT_NEAR(profile.noise->deviation.value, 0.1, 1e-12);
  EXPECT_EQ(profile.noise->statements, 36U);
  EXPECT_EQ(profile.noise->differing, 18U);
  // Mean 0.01, standard deviation 0.01014185 over 36 variances, t(35) = 2.0301079: 0.01 -+ 0.00343152.
  EXPECT_NEAR(profile.noise->deviation.low, std::sqrt(0.01 - 0.00343152), 1e-6);
  EXPECT_NEAR(profile.noise->deviation.high, std::sqrt(0.01 + 0.00343152), 1e-6);
}

TEST(Profile, AModelThatRepeatsItselfHasNoNoise) {
  const Profile profile =
      profile_of(design(), seen_by(design(), [](std::size_t c, std::size_t w, Way, int) { return plain(c, w); }));
  EXPECT_EQ(profile.noise->deviation.high, 0);
  EXPECT_EQ(profile.noise->differing, 0U);
}

// ---- Numbers ----

TEST(Profile, StepAndBoundsAreSeen) {
  const auto clipped = [](std::size_t c, std::size_t w, Way, int) {
    return std::clamp(in_hundredths(-0.2 + 0.3 * static_cast<double>(c) + 0.01 * static_cast<double>(w)), 0.01, 0.99);
  };
  const NumbersFound found = profile_of(design(), seen_by(design(), clipped)).numbers;
  EXPECT_DOUBLE_EQ(found.step, 0.01);
  EXPECT_EQ(found.low_bound, 0.01);
  EXPECT_EQ(found.high_bound, 0.99);

  const NumbersFound open =
      profile_of(design(), seen_by(design(), [](std::size_t c, std::size_t w, Way, int) { return plain(c, w); }))
          .numbers;
  EXPECT_EQ(open.step, 0);
  EXPECT_FALSE(open.low_bound);
  EXPECT_FALSE(open.high_bound);
}

TEST(Profile, ZeroAndOneAreNoBoundsThatAServiceSets) {
  const auto certain = [](std::size_t c, std::size_t, Way, int) { return c % 2 == 0 ? 1.0 : 0.0; };
  const NumbersFound found = profile_of(design(), seen_by(design(), certain)).numbers;
  EXPECT_FALSE(found.low_bound);
  EXPECT_FALSE(found.high_bound);
}

// ---- Isolation ----

// One statement in one way, by exactly that much.
NumberOf shifted(double shift) {
  return [shift](std::size_t c, std::size_t w, Way way, int) {
    return plain(c, w) + (way == Way::reversed && c == 2 && w == 4 ? shift : 0.0);
  };
}

TEST(Profile, OneShiftedStatementForbidsToPutWordingsTogether) {
  const Profile profile = profile_of(design(), seen_by(design(), shifted(0.021)));
  EXPECT_NEAR(profile.isolation.largest.value, 0.021, 1e-12);
  EXPECT_NE(profile.isolation.why_not.find("more than 0.02"), std::string::npos) << profile.isolation.why_not;
  EXPECT_EQ(profile.together(16), 1U);
  const auto reversed = std::ranges::find(profile.isolation.ways, Way::reversed, &ShiftFound::way);
  EXPECT_EQ(reversed->claim, 2U);
  EXPECT_EQ(reversed->wording, 4U);

  EXPECT_TRUE(profile_of(design(), seen_by(design(), shifted(0.019))).isolation.allows());
}

TEST(Profile, AllowedWordingsGoTogetherUpToWhatTheServiceTakes) {
  const Profile profile = profile_of(design(3, 10), seen_by(design(3, 10), shifted(0)));
  EXPECT_EQ(profile.together(16), 10U);
  EXPECT_EQ(profile.together(8), 8U);
}

// Both numbers may be half a step off: one step of 0.01 between them is a shift of up to 0.02.
TEST(Profile, RoundingIsLeftOpenByTheInterval) {
  const auto rounded = [](double shift) {
    return [shift](std::size_t c, std::size_t w, Way way, int) {
      return in_hundredths(0.1 + 0.15 * static_cast<double>(c) + 0.01 * static_cast<double>(w) +
                           (way == Way::renamed && c == 1 && w == 0 ? shift : 0.0));
    };
  };
  const Profile same = profile_of(design(), seen_by(design(), rounded(0)));
  EXPECT_NEAR(same.isolation.largest.high, 0.01, 1e-12);
  const Profile one_step = profile_of(design(), seen_by(design(), rounded(0.01)));
  EXPECT_NEAR(one_step.isolation.largest.high, 0.02, 1e-12);
  EXPECT_TRUE(one_step.isolation.allows());
  const Profile two_steps = profile_of(design(), seen_by(design(), rounded(0.02)));
  EXPECT_FALSE(two_steps.isolation.allows());
  EXPECT_FALSE(two_steps.isolation.is_open);  // no number of repeats undoes a rounding
}

// Noise in log-odds, as it is larger in the middle than at the ends. The interval of the largest shift is to hold the
// true one, 0 here and 0.03 there, at least 95 times in 100.
TEST(Profile, TheIntervalOfTheLargestShiftHoldsTheTrueOne) {
  Rng rng(20261129);
  for (const double shift : {0.0, 0.03}) {
    int held = 0;
    for (int draw = 0; draw < 200; ++draw) {
      const auto noisy = [&](std::size_t c, std::size_t w, Way way, int) {
        const double p = plain(c, w) + (way == Way::together && c == 3 && w == 1 ? shift : 0.0);
        return sigmoid(std::log(p / (1 - p)) + 0.03 * normal(rng));
      };
      const Bounded largest = profile_of(design(), seen_by(design(), noisy)).isolation.largest;
      if (largest.low <= shift && shift <= largest.high) ++held;
    }
    EXPECT_GE(held, 190) << shift;
  }
}

TEST(Profile, NoiseThatHidesAShiftForbidsAndSaysSo) {
  Rng rng(7);
  const auto noisy = [&](std::size_t c, std::size_t w, Way, int) {
    return sigmoid(std::log(plain(c, w) / (1 - plain(c, w))) + 0.1 * normal(rng));
  };
  const Profile profile = profile_of(design(), seen_by(design(), noisy));
  EXPECT_FALSE(profile.isolation.allows());
  EXPECT_TRUE(profile.isolation.is_open);
  EXPECT_NE(profile.isolation.why_not.find("noise"), std::string::npos) << profile.isolation.why_not;
}

TEST(Profile, WhatCannotBePutTogetherIsNotPutTogether) {
  ProbeSeen seen = seen_by(design(), shifted(0));
  seen.refused_together = "at most one question";
  EXPECT_NE(profile_of(design(), seen).isolation.why_not.find("at most one question"), std::string::npos);

  ProbeSeen alone = seen_by(design(3, 1), shifted(0));
  for (StatementSeen& statement : alone.statements)
    std::erase_if(statement.numbers, [](const auto& entry) { return entry.first != Way::alone; });
  EXPECT_EQ(profile_of(design(3, 1), alone).isolation.why_not, "the model takes one statement in a request");

  alone = seen_by(design(), shifted(0));  // it could, but nothing usable came back
  for (StatementSeen& statement : alone.statements)
    std::erase_if(statement.numbers, [](const auto& entry) { return entry.first != Way::alone; });
  EXPECT_FALSE(profile_of(design(), alone).isolation.allows());
}

// ---- Complement and states ----

// Log-odds of 0.8 and 0.4 are 1.386294 and -0.405465: half of their sum is 0.490415.
TEST(Profile, AClaimIsHeldAgainstItsNegation) {
  ProbeSeen seen = seen_by(design(), [](std::size_t, std::size_t, Way, int) { return 0.8; });
  for (StatementSeen& statement : seen.statements) statement.negation = statement.wording == 0 ? 0.6 : 0.4;
  const ComplementFound found = profile_of(design(), seen).complement.value();
  EXPECT_EQ(found.pairs, 36U);
  EXPECT_EQ(found.contradicting, 6U);
  EXPECT_NEAR(found.sum.value, 1.2 + 0.2 / 6, 1e-12);
  EXPECT_NEAR(found.yes_bias.value, 0.490415 + 0.405465 / 6, 1e-5);
}

TEST(Profile, AnotherStateMovesLogOdds) {
  ProbeSeen seen = seen_by(design(), [](std::size_t, std::size_t, Way, int) { return 0.5; });
  const double up = sigmoid(0.7), down = sigmoid(-0.3);
  for (StatementSeen& statement : seen.statements) statement.under = {up, statement.claim % 2 == 0 ? up : down};
  const std::vector<StateFound> states = profile_of(design(), seen).states;
  ASSERT_EQ(states.size(), 2U);
  EXPECT_NEAR(states[0].shift.value, 0.7, 1e-9);
  EXPECT_NEAR(states[0].shift.low, 0.7, 1e-9);
  EXPECT_NEAR(states[1].shift.value, 0.2, 1e-9);
  EXPECT_NEAR(states[1].distance, 0.5, 1e-9);
  // Six claims of +0.7 and -0.3: standard deviation 0.5477226, t(5) = 2.5705818, half width 0.5747997.
  EXPECT_NEAR(states[1].shift.low, 0.2 - 0.5747997, 1e-6);
}

// Numbers that were rounded to 1.00 and 0.99 stand for 0.995 and 0.99: a finite shift.
TEST(Profile, RoundedCertaintyIsAFiniteShift) {
  ProbeSeen seen = seen_by(design(), [](std::size_t c, std::size_t, Way, int) { return c == 0 ? 1.0 : 0.37; });
  for (StatementSeen& statement : seen.statements) statement.under = {statement.claim == 0 ? 0.99 : 0.37, std::nullopt};
  const std::vector<StateFound> states = profile_of(design(), seen).states;
  ASSERT_EQ(states.size(), 1U);
  EXPECT_NEAR(states[0].shift.value, (std::log(99.0) - std::log(199.0)) / 6, 1e-9);
}

// ---- Latency and price ----

TEST(Profile, QuantilesOfTheLatencyHaveIntervalsOfOrderStatistics) {
  ProbeSeen seen = seen_by(design(), shifted(0));
  for (int i = 20; i >= 1; --i) seen.milliseconds.push_back(i);
  const LatencyFound found = profile_of(design(), seen).latency.value();
  EXPECT_DOUBLE_EQ(found.median.value, 10.5);
  EXPECT_DOUBLE_EQ(found.median.low, 5);    // 10 - 1.96 sqrt(5) = 5.6
  EXPECT_DOUBLE_EQ(found.median.high, 16);  // 14.4, the next one, and one more
  EXPECT_DOUBLE_EQ(found.ninth_decile.high, 20);
}

TEST(Profile, APriceIsThatOfAllWordingsAndTheirNegations) {
  ProbeSeen seen = seen_by(design(), shifted(0));
  seen.costs[Way::alone] = {.questions = 64, .billed = Usd::from_picos(6'400), .tokens_in = 6'400};
  seen.costs[Way::company] = {.questions = 16, .billed = std::nullopt, .tokens_in = 800};
  const PriceFound found = profile_of(design(), seen).price;
  EXPECT_EQ(found.statements, 32U);
  EXPECT_EQ(found.alone->picos(), 3'200);
  EXPECT_FALSE(found.together);
  EXPECT_DOUBLE_EQ(found.tokens_alone.value(), 3'200);
  EXPECT_DOUBLE_EQ(found.tokens_together.value(), 1'600);
}

// ---- As it is kept ----

TEST(Profile, IsReadAgainAsItWasKept) {
  ProbeSeen seen = seen_by(design(), shifted(0.05));
  for (StatementSeen& statement : seen.statements) {
    statement.negation = 0.25;
    statement.under = {0.3, 0.4};
  }
  seen.milliseconds = {1, 2, 3};
  seen.costs[Way::alone] = {.questions = 10, .billed = Usd::from_picos(7), .tokens_in = 70};
  seen.answered_by = {{"m-1", 12}};
  Profile profile = profile_of(design(), seen);
  profile.address = "http://127.0.0.1:1/v1/systemone";
  profile.finished_at = 5;
  const std::string text = to_json(profile).dump();
  EXPECT_EQ(to_json(profile_from(text)).dump(), text);
  EXPECT_FALSE(profile_from(text).isolation.allows());

  EXPECT_THROW(profile_from("{}"), Error);
  EXPECT_THROW(profile_from(R"({"format":"heretix_probe","version":2})"), Error);
}

TEST(Profile, AModelThatStatesNothingHasNone) {
  ProbeSeen seen;
  seen.statements.push_back({.claim = 0, .wording = 0});
  EXPECT_THROW(profile_of(design(), seen), Error);
}

}  // namespace
}  // namespace heretix
