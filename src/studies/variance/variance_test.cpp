#include "studies/variance/variance.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "belief/estimate/rng.hpp"
#include "belief/record/made_record_test.hpp"
#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

double normal(Rng& rng) { return normal_quantile(rng.unit() * 0.9998 + 0.0001); }

double share_of(const VarianceReport& report, const std::string& source) {
  for (const VarianceComponent& c : report.components) {
    if (c.source == source) return c.share;
  }
  return -1;
}

// 200 templates of 3 answers, wording spread 0.8, replicate spread 0.4: variances 0.64 and 0.16.
TEST(VarianceReport, SplitsWordingFromReplicate) {
  Rng rng(1);
  std::vector<std::vector<double>> answers;
  for (int k = 0; k < 200; ++k) {
    const double wording = 0.8 * normal(rng);
    auto& group = answers.emplace_back();
    for (int r = 0; r < 3; ++r) group.push_back(sigmoid(wording + 0.4 * normal(rng)));
  }
  const VarianceReport report = variance_report({made_record(answers)}, 0);
  EXPECT_NEAR(share_of(report, "wording"), 0.8, 0.05);
  EXPECT_NEAR(share_of(report, "replicate"), 0.2, 0.05);
  EXPECT_EQ(report.best_replicates, 1);
  EXPECT_TRUE(report.next.front().needs_new_wording);
}

TEST(VarianceReport, SaysWhatItCannotSplit) {
  const VarianceReport report = variance_report({made_record(std::vector<double>{0.2, 0.5, 0.7})}, 0);
  ASSERT_EQ(report.components.size(), 1U);
  EXPECT_EQ(report.components[0].source, "wording and replicate");
  EXPECT_FALSE(report.best_replicates);
}

// Noise without any effect of wording: more replicates are as good, and eight are advised.
TEST(VarianceReport, NoWordingEffectAdvisesReplicates) {
  const std::vector<std::vector<double>> answers(8, {0.3, 0.7});
  const VarianceReport report = variance_report({made_record(answers)}, 0.5);
  EXPECT_EQ(share_of(report, "replicate"), 1.0);
  EXPECT_EQ(report.best_replicates, 8);
  EXPECT_EQ(report.next.front().what, "every wording once more");
}

TEST(VarianceReport, FindsModelAndDay) {
  std::vector<Record> records;
  for (int model = 0; model < 3; ++model) {
    for (int day = 0; day < 3; ++day) {
      Rng rng(9);
      std::vector<double> answers;
      for (int k = 0; k < 12; ++k) answers.push_back(sigmoid(0.3 * normal(rng) + (model - 1) + 0.2 * (day - 1)));
      records.push_back(
          made_record(answers, {.model = ModelName("m" + std::to_string(model)), .created_at = 86400LL * day}));
    }
  }
  const VarianceReport report = variance_report(records, 0);
  EXPECT_EQ(report.models.size(), 3U);
  EXPECT_EQ(report.days.size(), 3U);
  EXPECT_GT(share_of(report, "model"), 0.8);
  EXPECT_NEAR(share_of(report, "day") / share_of(report, "model"), 0.04, 0.001) << "0.2 squared against 1";
  records.pop_back();
  EXPECT_THROW(variance_report(records, 0), Error) << "one cell of the crossing is missing";
}

TEST(VarianceReport, RefusesSeveralClaimsAndASingleTemplate) {
  const Record a = made_record(std::vector<double>{0.2, 0.5, 0.7}, {.claim = "a"});
  EXPECT_THROW(variance_report({a, made_record(std::vector<double>{0.2, 0.5, 0.7}, {.claim = "b"})}, 0), Error);
  EXPECT_THROW(variance_report({made_record(std::vector<std::vector<double>>{{0.2, 0.3, 0.4}})}, 0), Error);
  EXPECT_THROW(variance_report({a}, -1), Error);
  EXPECT_THROW(variance_report({}, 0), Error);
}

}  // namespace
}  // namespace heretix
