#include "studies/calibrate/certificate.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "belief/estimate/rng.hpp"

namespace heretix {
namespace {

// A model that says p and is right as often as 0.5 + slope * (p - 0.5).
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): how many, of what kind
std::vector<JudgedClaim> judged(std::size_t n, double slope) {
  Rng rng(3);
  std::vector<JudgedClaim> claims;
  for (std::size_t i = 0; i < n; ++i) {
    const double p = rng.unit();
    const bool is_true = rng.unit() < 0.5 + slope * (p - 0.5);
    claims.push_back({.labelled = {.claim = std::to_string(i),
                                   .is_true = is_true,
                                   .field = i % 2 == 0 ? "even" : "odd",
                                   .level = {}},
                      .p = p});
  }
  return claims;
}

Certificate certificate(std::vector<JudgedClaim> claims) {
  return certify(ModelName("m"), "0", "K 8", std::move(claims));
}

TEST(Certificate, FindsOverconfidenceAndTheMapMendsIt) {
  const Certificate c = certificate(judged(600, 0.3));
  EXPECT_LT(c.z_p_value, 0.001);
  EXPECT_GT(c.error.excess(), 0.1);
  EXPECT_LT(c.recalibrated->brier, c.scores.brier - 0.02);
  const RecalibrationMap map = recalibration_map({.name = "c.json", .text = to_json(c).dump()});
  EXPECT_LT(map.apply(0.85), 0.8);
  EXPECT_GT(map.apply(0.05), 0.2);
  for (double p = 0; p < 1; p += 0.01) EXPECT_LE(map.apply(p), map.apply(p + 0.01) + 1e-15) << p;
}

TEST(Certificate, SaysNothingWhereNothingIsSeen) {
  const Certificate c = certificate(judged(600, 1.0));
  EXPECT_GT(c.z_p_value, 0.05);
  EXPECT_LT(std::abs(c.error.excess()), 0.03);
}

TEST(Certificate, LeavesOutWhatGotNoAnswerAndSaysSo) {
  auto claims = judged(40, 1.0);
  claims[3].p = std::nullopt;
  const Certificate c = certificate(claims);
  EXPECT_EQ(c.judged, 39U);
  EXPECT_EQ(to_json(c)["claims"][3]["p"], nullptr);
  EXPECT_NE(to_text(to_document({c}), {}).find("1 of 40 claims"), std::string::npos);
}

TEST(Certificate, RanksNobodyBelow200Labels) {
  const std::string few = to_text(to_document({certificate(judged(150, 1)), certificate(judged(150, 1))}), {});
  EXPECT_NE(few.find("Not ranked: fewer than 200 labels"), std::string::npos);
  const std::string many = to_text(to_document({certificate(judged(250, 1)), certificate(judged(250, 1))}), {});
  EXPECT_NE(many.find("Best calibrated first"), std::string::npos);
}

TEST(Certificate, RefusesWhatTeachesNothing) {
  auto claims = judged(30, 1);
  for (JudgedClaim& c : claims) c.labelled.is_true = true;
  EXPECT_THROW(certificate(claims), Error);
  for (JudgedClaim& c : claims) c.p = std::nullopt;
  EXPECT_THROW(certificate(claims), Error);
  EXPECT_FALSE(certificate(judged(9, 1)).recalibrated);
}

template <class Kind>
const Kind& only(const Document& document) {
  const Kind* found = nullptr;
  for (const Block& block : document.blocks) {
    if (const auto* one = std::get_if<Kind>(&block)) {
      EXPECT_EQ(found, nullptr) << "there are two";
      found = one;
    }
  }
  return *found;
}

std::size_t first_table(const Document& document) {
  const auto is_table = [](const Block& block) { return std::holds_alternative<DocumentTable>(block); };
  return static_cast<std::size_t>(std::ranges::find_if(document.blocks, is_table) - document.blocks.begin());
}

TEST(Certificate, ShowsItsPicturesBeforeItsTables) {
  const Certificate c = certificate(judged(250, 0.6));
  for (const auto& certificates : {std::vector{c}, std::vector{c, c, c}}) {
    const Document document = to_document(certificates);
    std::string pictures;
    for (std::size_t i = 0; i < document.blocks.size(); ++i) {
      const Block& block = document.blocks[i];
      const char* kind = std::holds_alternative<Curve>(block)       ? "curve "
                         : std::holds_alternative<Histogram>(block) ? "histogram "
                         : std::holds_alternative<Breakdown>(block) ? "parts "
                                                                    : "";
      if (*kind != 0) { EXPECT_LT(i, first_table(document)); }
      pictures += kind;
    }
    std::string expected;
    for (std::size_t i = 0; i < certificates.size(); ++i) expected += "curve histogram parts ";
    EXPECT_EQ(pictures, expected);
  }
}

TEST(Certificate, CountsStatedProbabilitiesInTwentyParts) {
  std::vector<JudgedClaim> claims;
  // 0.05 belongs to the part that it begins, 1 to the last one.
  for (const double p : {0.0, 0.0499, 0.05, 0.999, 1.0, 1.0})
    claims.push_back({.labelled = {.claim = "c", .is_true = p > 0.99, .field = {}, .level = {}}, .p = p});
  claims.push_back({.labelled = {.claim = "c", .is_true = true, .field = {}, .level = {}}});  // got no answer

  const Document document = to_document({certificate(claims)});
  const Histogram& histogram = only<Histogram>(document);
  ASSERT_EQ(histogram.bins.size(), 20U);
  EXPECT_EQ(histogram.bins[0].count, 2U);
  EXPECT_EQ(histogram.bins[0].marked, 0U);
  EXPECT_EQ(histogram.bins[1].count, 1U);
  EXPECT_EQ(histogram.bins[19].count, 3U);
  EXPECT_EQ(histogram.bins[19].marked, 3U);
  EXPECT_DOUBLE_EQ(histogram.bins[19].to, 1.0);
  EXPECT_NE(to_html(document).find("0.95 to 1.00: 3 claims, 3 true claims"), std::string::npos);
}

TEST(Certificate, TakesTheBrierScoreApart) {
  const Certificate c = certificate(judged(300, 0.4));
  const Document document = to_document({c});
  const Breakdown& parts = only<Breakdown>(document);
  ASSERT_EQ(parts.parts.size(), 4U);
  EXPECT_DOUBLE_EQ(parts.parts[0].to - parts.parts[0].from, c.scores.uncertainty);
  EXPECT_NEAR(parts.parts[1].from - parts.parts[1].to, c.scores.discrimination, 1e-12);
  EXPECT_NEAR(parts.parts[2].to - parts.parts[2].from, c.scores.miscalibration, 1e-12);
  for (std::size_t i = 1; i < 3; ++i) EXPECT_DOUBLE_EQ(parts.parts[i].from, parts.parts[i - 1].to);
  EXPECT_DOUBLE_EQ(parts.parts[3].to, c.scores.brier);
  EXPECT_DOUBLE_EQ(parts.parts[2].to, parts.parts[3].to);
  for (const auto& part : parts.parts) EXPECT_LE(std::max(part.from, part.to), parts.most);
  const std::string text = to_text(document, {});
  EXPECT_NE(text.find("= Brier score "), std::string::npos);
  EXPECT_NE(text.find(fmt::format("{:+.4f}", -c.scores.discrimination)), std::string::npos);
}

TEST(RecalibrationMap, RefusesDamagedCertificates) {
  nlohmann::json good = to_json(certificate(judged(50, 0.5)));
  EXPECT_NO_THROW(recalibration_map({.name = "c", .text = good.dump()}));
  nlohmann::json wrong = good;
  wrong["curve"][0]["low"] = 2.0;
  EXPECT_THROW(recalibration_map({.name = "c", .text = wrong.dump()}), Error);
  wrong = good;
  wrong["recalibrated"] = nullptr;
  EXPECT_THROW(recalibration_map({.name = "c", .text = wrong.dump()}), Error);
  EXPECT_THROW(recalibration_map({.name = "c", .text = "[]"}), Error);
  wrong = good;
  wrong.erase("scores");
  EXPECT_THROW(recalibration_map({.name = "c", .text = wrong.dump()}), Error);
}

}  // namespace
}  // namespace heretix
