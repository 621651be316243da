// Numbers at their own resolution: services round what they state, and a rounded 1.00 is no certainty. Pure.
#pragma once

#include <span>

#include "base/belief.hpp"

namespace heretix {

// The step that all of these numbers are multiples of: 0.1, 0.05, 0.01, 0.001 or 0.0001, the coarsest that fits; 0
// where none does, or there is no number. A step above 0.01 is believed only where enough different numbers lie on it,
// for a few numbers in hundredths lie on tenths by chance.
double step_of(std::span<const double> numbers);

// The coarsest step that the numbers may well have: as above, but two different numbers between 0 and 1 are enough.
// Intervals go by this one: a step that is too coarse makes them wider than they need be, one that is too fine makes
// them miss what was rounded.
double likely_step_of(std::span<const double> numbers);

// What a number stands for where only its resolution is known: it is held at `cell` away from 0 and from 1, so that a
// value that was rounded to either end does not become infinite log-odds. `cell` is half of the step, in [0, 0.5); 0
// leaves the number as it is.
Probability value_read(Probability number, double cell);

// Two ends in log-odds, low <= high.
struct LogitRange {
  double low, high;
};

// The log-odds of everything that is rounded to that number; a step of 0 leaves the number alone.
LogitRange rounded_to(Probability number, double step);

}  // namespace heretix
