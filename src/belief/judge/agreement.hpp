// Whether the wordings agree: how many of them say true and how many false, and whether there is a stable belief at
// all. The rule is in docs/estimator.md ("Stable or not"). Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "belief/stats/belief_v2.hpp"

namespace heretix {

inline constexpr double kWidestStable = 0.5;  // half of the scale

// Whether a wording whose own value is so many log-odds says true (p >= 0.60) or false (p <= 0.40).
bool says_true(double value);
bool says_false(double value);

struct Agreement {
  std::size_t say_true = 0;   // wordings whose own value is likely true (p >= 0.60)
  std::size_t say_false = 0;  // likely false (p <= 0.40)
  std::size_t undecided = 0;  // between the two

  // Among the wordings that the centre is made of, one says true and another one false.
  bool is_split = false;

  // Empty without an interval (one wording).
  std::optional<bool> is_stable{};
};
Agreement agreement_of(const BeliefV2& belief);

// "No stable belief: 4 wordings say true, 4 say false", with those that are undecided where there are any.
std::string no_stable_belief(const Agreement& agreement);

}  // namespace heretix
