// Compares what honest_v1 and belief_v2 have in common with the numbers of a golden file.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "belief/selftest/comparison.hpp"
#include "belief/stats/honest.hpp"

namespace heretix::selftest {

inline constexpr double kIntervalBound = 1e-12;

void compare_interval(const std::string& id, std::string_view method, const HonestInterval& found,
                      const nlohmann::json& expected, Comparison& comparison);

}  // namespace heretix::selftest
