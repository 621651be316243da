#include "studies/coherence/coherence.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "belief/estimate/rng.hpp"
#include "belief/record/made_record_test.hpp"
#include "belief/stats/moments.hpp"
#include "studies/coherence/negation.hpp"

namespace heretix {
namespace {

// Sixteen templates that believe `p`, each with a log-odds error of its own, of normal law and that spread.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a centre before its spread; claim and seed tell the two apart
Record believing(double p, double spread, const std::string& claim, std::uint64_t seed, double leaning = 0.0) {
  Rng rng(seed);
  std::vector<double> answers;
  for (int k = 0; k < 16; ++k) {
    const double wording = spread * normal_quantile(rng.unit() * 0.998 + 0.001);
    answers.push_back(sigmoid(to_clamped_logit(p).value() + leaning + wording));
  }
  return made_record(answers, {.claim = claim});
}

TEST(Negation, IsMadeOnlyOfPlainClauses) {
  const auto made = [](const std::string& claim) {
    const auto found = negation_by_rule(claim);
    return std::holds_alternative<std::string>(found) ? std::get<std::string>(found) : "";
  };
  EXPECT_EQ(made("Snow is white"), "Snow is not white");
  EXPECT_EQ(made("Whales are fish."), "Whales are not fish.");
  EXPECT_EQ(made("Kant was born in Königsberg"), "Kant was not born in Königsberg");
  EXPECT_EQ(made("Penguins can fly"), "Penguins cannot fly");
  EXPECT_EQ(made("There are eight planets in the solar system"), "There are not eight planets in the solar system");
  for (const char* unsafe : {"Tariffs cause inflation",
                             "Snow is not white",
                             "All men are mortal",
                             "Snow is white and grass is green",
                             "A man is in the room",
                             "It may be cold",
                             "He said it is cold",
                             "Snow, which is cold, is white",
                             "Snow is white. Grass is green",
                             "Is snow white?",
                             "The car that is red is fast",
                             "Some birds are black",
                             "Nobody is perfect",
                             "\"Snow\" is a word",
                             "is",
                             "",
                             "What is, is",
                             "The sun is what it is",
                             "Rain is always wet",
                             "Only fools are happy"})
    EXPECT_EQ(made(unsafe), "") << unsafe;
}

TEST(Coherence, AFaithfulPairIsCoherent) {
  const CoherenceCheck c = check_negation(believing(0.8, 0.03, "A", 1), believing(0.2, 0.03, "not A", 2));
  EXPECT_EQ(c.finding, Coherence::coherent);
  EXPECT_EQ(c.price_interval().first, 0.0);
}

// Without a step and without spread, the error of a sum of doubles is all there is.
TEST(Coherence, NumbersThatAddUpToOneAreCoherentWhateverTheLastBitSays) {
  for (int i = 1; i < 100; ++i) {
    const double p = 0.3 + i * 0.004123;
    const auto same = [](double x, const char* claim) {
      return made_record(std::vector<double>(16, x), {.claim = claim});
    };
    EXPECT_EQ(check_negation(same(p, "A"), same(1 - p, "not A")).finding, Coherence::coherent) << p;
    EXPECT_EQ(check_paraphrase(same(p, "A"), same(1 - (1 - p), "the same")).finding, Coherence::coherent) << p;
  }
}

// It leans by +1 to yes on both sides: the sum is too large, and half the difference is the belief without it.
TEST(Coherence, ALeaningToYesIsSeenAndTakenAway) {
  const Record claim = believing(0.8, 0.1, "A", 3, 1.0);
  const Record negation = believing(0.2, 0.1, "not A", 4, 1.0);
  const CoherenceCheck c = check_negation(claim, negation);
  EXPECT_EQ(c.finding, Coherence::incoherent);
  EXPECT_NEAR(c.price(), sigmoid(to_clamped_logit(0.8).value() + 1) + sigmoid(to_clamped_logit(0.2).value() + 1) - 1,
              0.03);
  EXPECT_LE(c.price_interval().first, c.price());
  const AcquiescenceFree free = acquiescence_free(claim, negation);
  EXPECT_NEAR(sigmoid(free.belief.center), 0.8, 0.02);
  EXPECT_NEAR(free.leaning.center, 1.0, 0.1);
}

TEST(Coherence, WideSpreadIsInconclusive) {
  EXPECT_EQ(check_negation(believing(0.7, 1.5, "A", 5), believing(0.35, 1.5, "not A", 6)).finding,
            Coherence::inconclusive);
}

TEST(Coherence, AParaphraseMustBeAsLikely) {
  const Record a = believing(0.7, 0.03, "A", 7);
  EXPECT_EQ(check_paraphrase(a, believing(0.7, 0.03, "A'", 8)).finding, Coherence::coherent);
  EXPECT_EQ(check_paraphrase(a, believing(0.5, 0.03, "A'", 9)).finding, Coherence::incoherent);
}

TEST(Coherence, AConsequenceIsAtLeastAsLikely) {
  const Record a = believing(0.6, 0.03, "A", 10);
  EXPECT_EQ(check_consequence(a, believing(0.9, 0.03, "B", 11)).finding, Coherence::coherent);
  const CoherenceCheck broken = check_consequence(a, believing(0.3, 0.03, "B", 12));
  EXPECT_EQ(broken.finding, Coherence::incoherent);
  EXPECT_NEAR(broken.price(), 0.3, 0.02);
  EXPECT_EQ(check_consequence(a, believing(0.55, 0.6, "B", 13)).finding, Coherence::inconclusive);
}

// Tversky & Kahneman's Linda: the conjunction is called likelier than one of its parts.
TEST(Coherence, TheConjunctionFallacyHasItsPrice) {
  const auto checks = check_conjunction(believing(0.2, 0.03, "bank teller", 14), believing(0.8, 0.03, "feminist", 15),
                                        believing(0.5, 0.03, "both", 16));
  ASSERT_EQ(checks.size(), 3U);
  EXPECT_EQ(checks[0].finding, Coherence::incoherent);
  EXPECT_NEAR(checks[0].price(), 0.3, 0.02);
  EXPECT_EQ(checks[1].finding, Coherence::coherent);
  EXPECT_EQ(checks[2].finding, Coherence::coherent);
}

TEST(Coherence, ADisjunctionHasItsThreeBounds) {
  const auto checks = check_disjunction(believing(0.3, 0.03, "A", 17), believing(0.2, 0.03, "B", 18),
                                        believing(0.7, 0.03, "A or B", 19));
  EXPECT_EQ(checks[0].finding, Coherence::coherent);
  EXPECT_EQ(checks[2].finding, Coherence::incoherent) << "0.7 is more than 0.3 + 0.2";
}

TEST(Coherence, NeedsTwoSharedTemplates) {
  const Record a = made_record(std::vector<double>{0.4, 0.5, 0.6}, {.claim = "A"});
  EXPECT_THROW(check_negation(a, made_record(std::vector<double>{0.4, 0.5, 0.6}, {.claim = "B", .wording = "v"})),
               Error);
}

TEST(Coherence, CompositesKeepTheirPartsWhole) {
  EXPECT_EQ(conjunction_of("Snow is white.", "Grass is green"),
            "Both of these statements are true: (1) Snow is white; (2) Grass is green.");
}

}  // namespace
}  // namespace heretix
