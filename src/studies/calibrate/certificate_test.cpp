#include "studies/calibrate/certificate.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "belief/estimate/rng.hpp"

namespace heretix {
namespace {

// A model that says p and is right as often as 0.5 + slope * (p - 0.5).
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
