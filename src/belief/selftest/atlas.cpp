#include <nlohmann/json.hpp>
#include <string>

#include "belief/selftest/sections.hpp"
#include "belief/stats/calibration.hpp"
#include "belief/stats/crossed_components.hpp"
#include "belief/stats/mean_interval.hpp"

namespace heretix::selftest {
namespace {

using nlohmann::json;

constexpr double kAtlasBound = 1e-9;

}  // namespace

void atlas_means(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const std::string id = c.at("id");
    const json& expected = c.at("expected");
    const MeanWithInterval found = mean_with_interval(c.at("values").get<std::vector<double>>());
    comparison.within(id + " mean", found.mean.center, expected.at("mean"), kAtlasBound);
    comparison.within(id + " lo", found.mean.low.value(), expected.at("lo"), kAtlasBound);
    comparison.within(id + " hi", found.mean.high.value(), expected.at("hi"), kAtlasBound);
    comparison.within(id + " p", found.p_value.value(), expected.at("p"), kAtlasBound);
  }
}

void atlas_components(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const std::string id = c.at("id");
    std::vector<CrossedValue> values;
    for (const json& v : c.at("values")) values.push_back({v.at(0), v.at(1), v.at(2), v.at(3)});
    const std::vector<CrossedComponent> found = crossed_components(values);
    const json& expected = c.at("expected");
    comparison.same(id + " components", found.size(), expected.size());
    for (std::size_t i = 0; i < std::min(found.size(), expected.size()); ++i) {
      const std::string place = id + " " + found[i].source;
      comparison.same(place, found[i].source, expected.at(i).at("source").get<std::string>());
      comparison.within(place, found[i].variance, expected.at(i).at("variance"), kAtlasBound);
      comparison.within(place + " share", found[i].share, expected.at(i).at("share"), kAtlasBound);
    }
  }
}

void atlas_brier(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const std::string id = c.at("id");
    std::vector<LabelledBelief> beliefs;
    for (const json& pair : c.at("pairs")) beliefs.push_back({pair.at(0), pair.at(1)});
    const CalibrationScores found = calibration_scores(beliefs);
    const json& expected = c.at("expected");
    comparison.within(id + " brier", found.brier, expected.at("brier"), kAtlasBound);
    comparison.within(id + " reliability", found.miscalibration, expected.at("reliability"), kAtlasBound);
    comparison.within(id + " resolution", found.discrimination, expected.at("resolution"), kAtlasBound);
    comparison.within(id + " uncertainty", found.uncertainty, expected.at("uncertainty"), kAtlasBound);
  }
}

}  // namespace heretix::selftest
