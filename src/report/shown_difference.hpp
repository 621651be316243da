// A difference as it stands beside its two sides: the printed difference is that of the two printed numbers. Pure.
#pragma once

#include <string>

#include "belief/stats/paired.hpp"

namespace heretix {

inline constexpr double kThousandths = 1000;  // steps of 1 that a probability is shown in, in tables of differences

// a minus b as both are printed in `steps` of 1, so that the three numbers agree to the last digit.
double shown_difference(double a, double b, double steps);

// "+0.358 [+0.102, +0.614]" of two probabilities that are shown to three digits.
std::string difference_text(double a, double b, const CenteredInterval& difference);

}  // namespace heretix
