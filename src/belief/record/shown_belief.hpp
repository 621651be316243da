// belief_v2 as lists, services and studies show it: the probability, its interval, and whether there is a stable
// belief. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "belief/judge/agreement.hpp"
#include "belief/stats/belief_v2.hpp"

namespace heretix {

struct ShownBelief {
  Probability p;
  std::optional<Interval> interval{};  // empty with a single template
  std::optional<bool> is_stable{};     // likewise
};

ShownBelief shown(const BeliefV2& belief);

// From the object `belief_v2` of a record, or from what to_json() made. Throws nlohmann's exceptions if it is
// malformed.
ShownBelief shown_belief_from(const nlohmann::json& belief);
nlohmann::json to_json(const ShownBelief& belief);  // p, ci and stable; null where they are empty

}  // namespace heretix
