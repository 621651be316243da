#include "belief/record/shown_belief.hpp"

#include <nlohmann/json.hpp>

namespace heretix {

using nlohmann::json;

ShownBelief shown(const BeliefV2& belief) {
  return {.p = belief.p(), .interval = belief.interval(), .is_stable = agreement_of(belief).is_stable};
}

ShownBelief shown_belief_from(const json& belief) {
  ShownBelief found{.p = Probability{belief.at("p").get<double>()}};
  if (const auto interval = belief.find("ci"); interval != belief.end() && !interval->is_null())
    found.interval = Interval{Probability{interval->at(0).get<double>()}, Probability{interval->at(1).get<double>()}};
  if (const json& stable = belief.at("stable"); stable.is_boolean()) found.is_stable = stable.get<bool>();
  return found;
}

json to_json(const ShownBelief& belief) {
  const auto& interval = belief.interval;
  return {{"p", belief.p.value()},
          {"ci", interval ? json({interval->low.value(), interval->high.value()}) : json(nullptr)},
          {"stable", belief.is_stable ? json(*belief.is_stable) : json(nullptr)}};
}

}  // namespace heretix
