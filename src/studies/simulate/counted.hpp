// Compares what a study counts with what was promised, allowing for the error of the simulation itself. Pure.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <string>

namespace heretix {

inline constexpr double kPromisedCoverage = 0.94;

// Two standard errors of a share that was counted in `runs` draws.
inline double two_errors(double share, int runs) { return 2 * std::sqrt(share * (1 - share) / runs); }

// The constants were chosen so that the worst laws are covered in just 94 %.
inline bool is_covered(double share, int runs) {
  return share >= kPromisedCoverage - two_errors(kPromisedCoverage, runs);
}
inline bool is_rare(double share, double most, int runs) { return share <= most + two_errors(most, runs); }

inline std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

}  // namespace heretix
