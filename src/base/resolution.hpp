// The resolution of stated numbers: services round what they state, so a rounded 1.00 does not mean certainty. Pure.
#pragma once

#include <span>
#include <string_view>

#include "base/belief.hpp"

namespace heretix {

// The step that all of these numbers are multiples of: the coarsest that fits of 0.1, 0.05, 0.01, 0.001 and 0.0001. It
// is 0 if none fits or there are no numbers. A step above 0.01 is accepted only if enough different numbers lie on it,
// because a few numbers in hundredths can lie on tenths by chance.
double step_of(std::span<const double> numbers);

// The coarsest step that the numbers may well have been rounded to: the same as above, except that two different
// numbers between 0 and 1 are enough. Intervals use this one, because a step that is too coarse makes them wider than
// they need to be, while one that is too fine makes them miss the number before it was rounded.
double likely_step_of(std::span<const double> numbers);

// How many decimals a number in JSON was written with: the digits after its point, less its exponent, and never below
// 0. Trailing zeros count: "0.950" has 3, "9.5e-1" has 2. `literal` is a number by the grammar of RFC 8259.
int decimals_written(std::string_view literal);

// Half of the last decimal of a written probability, for value_read(). At least two decimals are assumed, because a
// written 1.0 must not count for less than a written 0.97, and no answer is read closer to 0 or 1 than 0.001. So it is
// 0.005 for up to two decimals and 0.001 for more.
double written_cell(int decimals);

// The probability that a number stands for when only its resolution is known. It is kept at least `cell` away from 0
// and from 1, so that a value that was rounded to either end does not become infinite log-odds. `cell` is half of the
// step, in [0, 0.5); 0 leaves the number as it is.
Probability value_read(Probability number, double cell);

// Two ends in log-odds, low <= high.
struct LogitRange {
  double low, high;
};

// The log-odds of everything that is rounded to that number. A step of 0 leaves the number alone.
LogitRange rounded_to(Probability number, double step);

}  // namespace heretix
