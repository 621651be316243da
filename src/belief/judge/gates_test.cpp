#include "belief/judge/gates.hpp"

#include <gtest/gtest.h>

namespace heretix {
namespace {

Estimate with_width(double low, double high) {
  return {.center = Logit{0.0},
          .low = Logit{0.0},
          .high = Logit{0.0},
          .p = Probability{0.5},
          .ci95 = {Probability{low}, Probability{high}},
          .spread_logit = 0.1,
          .stability = 0.76,
          .imbalance = 1.0,
          .counts = {8}};
}

TEST(Gates, PassAtTheirLimitAndFailBeyondIt) {
  EXPECT_TRUE(judge(with_width(0.25, 0.55 - 1e-12), 0.98, std::nullopt)[2].passed());
  EXPECT_FALSE(judge(with_width(0.25, 0.56), 0.98, std::nullopt)[2].passed());
  EXPECT_TRUE(judge(with_width(0.4, 0.5), 0.98, std::nullopt)[0].passed());
  EXPECT_FALSE(judge(with_width(0.4, 0.5), 0.979, std::nullopt)[0].passed());
}

TEST(Gates, TellWhereTheHonestWidthFailsALimitThatTheFrozenOneMeets) {
  EXPECT_EQ(judge(with_width(0.4, 0.5), 1.0, 0.35)[2].honest_observed, 0.35);
  EXPECT_EQ(judge(with_width(0.4, 0.5), 1.0, 0.25)[2].honest_observed, std::nullopt);
  EXPECT_EQ(judge(with_width(0.1, 0.5), 1.0, 0.45)[2].honest_observed, std::nullopt);
}

TEST(Gates, SayFromWhichWordingsLabelsContradictTheirNumbers) {
  EXPECT_FALSE(judge_labels({})) << "no answer has a label";
  LabelAgreement labels{.judged = 20, .contradicting = 2, .wordings = {{3, 10, 0}, {7, 10, 2}}};
  EXPECT_TRUE(judge_labels(labels)->passed()) << "0.10 is the limit";
  EXPECT_EQ(judge_labels(labels)->detail, "2 of 20 answers contradict their own label, from the wordings 8 (2 of 10)");
  labels.contradicting = labels.wordings[1].contradicting = 3;
  EXPECT_FALSE(judge_labels(labels)->passed());
}

TEST(Quality, IsTruncatedNotRounded) {
  EXPECT_EQ(quality_score(1.0, 0.0, 1.0), 100);
  EXPECT_EQ(quality_score(0.0, 0.9, 0.0), 0);
  EXPECT_EQ(quality_score(0.999, 0.0, 1.0), 99);
}

TEST(Verdict, NamesEveryThresholdThatTheIntervalCrosses) {
  const auto text = [](double p, double low, double high) {
    return verdict_text(Probability{p}, Interval{Probability{low}, Probability{high}});
  };
  EXPECT_EQ(text(0.7, 0.65, 0.8), "likely true");
  EXPECT_EQ(text(0.60, 0.60, 0.60), "likely true");
  EXPECT_EQ(text(0.7, 0.5, 0.8), "likely true; the interval reaches into uncertain");
  EXPECT_EQ(text(0.5, 0.3, 0.8), "uncertain; the interval reaches into likely false and likely true");
  EXPECT_EQ(verdict_text(Probability{0.3}, std::nullopt), "likely false; no interval from a single template");
}

}  // namespace
}  // namespace heretix
