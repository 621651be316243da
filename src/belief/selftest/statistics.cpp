#include <nlohmann/json.hpp>
#include <string>

#include "base/belief.hpp"
#include "belief/selftest/sections.hpp"
#include "belief/stats/calibration.hpp"
#include "belief/stats/components.hpp"
#include "belief/stats/drift.hpp"
#include "belief/stats/paired.hpp"

namespace heretix::selftest {
namespace {

using nlohmann::json;

constexpr double kStatisticsBound = 1e-12;
constexpr std::uint64_t kUnused = 0;  // a seed: these cases are all exact

std::vector<std::vector<double>> logits_of(const json& groups) {
  std::vector<std::vector<double>> out;
  for (const json& group : groups) {
    auto& logits = out.emplace_back();
    for (const json& p : group) logits.push_back(to_clamped_logit(p).value());
  }
  return out;
}

}  // namespace

void statistics_paired(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const std::string id = c.at("id");
    const auto d = c.at("d").get<std::vector<double>>();
    const json& expected = c.at("expected");
    const CenteredInterval found = trimmed_spread_interval(d);
    comparison.within(id + " centre", found.center, expected.at("centre"), kStatisticsBound);
    comparison.within(id + " lo", found.low.value(), expected.at("lo"), kStatisticsBound);
    comparison.within(id + " hi", found.high.value(), expected.at("hi"), kStatisticsBound);
    comparison.within(id + " signflip_p", sign_flip_p(d, kUnused), expected.at("signflip_p"), kStatisticsBound);
  }
}

void statistics_variance(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const std::string id = c.at("id");
    const json& expected = c.at("expected");
    const WordingVariance found = wording_variance(logits_of(c.at("groups")));
    comparison.within(id + " s2_means", found.means.value(), expected.at("s2_means"), kStatisticsBound);

    // With one answer a template the two components cannot be told apart.
    const bool is_split = !expected.at("sigma2").is_null();
    comparison.same(id + " has components", found.replicate.has_value(), is_split);
    if (!is_split || !found.replicate) continue;
    comparison.within(id + " tau2", found.wording, expected.at("tau2"), kStatisticsBound);
    comparison.within(id + " sigma2", *found.replicate, expected.at("sigma2"), kStatisticsBound);
    comparison.same(id + " best_R",
                    best_replicates(found.wording, *found.replicate, c.at("cost_template"), c.at("cost_answer")),
                    expected.at("best_R").get<int>());
  }
}

void statistics_best_replicates(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const int found = best_replicates(c.at("tau2"), c.at("sigma2"), c.at("cost_template"), c.at("cost_answer"));
    comparison.same("best_R of " + c.dump(), found, c.at("expected").get<int>());
  }
}

void statistics_drift(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const std::string id = c.at("id");
    DriftDetector detector(c.at("baseline").get<std::vector<double>>());
    const json& expected = c.at("expected");
    for (std::size_t i = 0; i < c.at("x").size(); ++i) {
      const double value = detector.add(c.at("x").at(i));
      const std::string place = id + " run " + std::to_string(i);
      comparison.within(place + " R", value, expected.at("R").at(i), kStatisticsBound);
      comparison.same(place + " alarm", value >= 1 / c.at("alpha").get<double>(),
                      expected.at("alarm").at(i).get<bool>());
    }
  }
}

void statistics_calibration(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const std::string id = c.at("id");
    std::vector<LabelledBelief> beliefs;
    for (std::size_t i = 0; i < c.at("p").size(); ++i) beliefs.push_back({c.at("p").at(i), c.at("y").at(i) == 1});
    const CalibrationScores found = calibration_scores(beliefs);
    const json& expected = c.at("expected");
    comparison.within(id + " brier", found.brier, expected.at("brier"), kStatisticsBound);
    comparison.within(id + " MCB", found.miscalibration, expected.at("MCB"), kStatisticsBound);
    comparison.within(id + " DSC", found.discrimination, expected.at("DSC"), kStatisticsBound);
    comparison.within(id + " UNC", found.uncertainty, expected.at("UNC"), kStatisticsBound);
    comparison.within(id + " log_score", found.log_score, expected.at("log_score"), kStatisticsBound);
    comparison.within(id + " ce2_debiased", found.squared_error_debiased, expected.at("ce2_debiased"),
                      kStatisticsBound);
    comparison.within(id + " spiegelhalter_z", found.spiegelhalter_z, expected.at("spiegelhalter_z"), kStatisticsBound);
  }
}

}  // namespace heretix::selftest
