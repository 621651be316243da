// The mean of independent values with its t interval: what many claims say together, each claim being one value.
//
// Answers about one claim depend on each other, so they are first made into one value a claim; the claims are then the
// clusters, and with one value in each the cluster-robust variance is the plain variance of the mean. Student's t
// interval is exact for normal values and needs no random numbers. Formulas: docs/atlas.md; checked against
// tests/golden/atlas.json. Pure, thread-safe.
#pragma once

#include <span>

#include "belief/stats/paired.hpp"

namespace heretix {

struct MeanWithInterval {
  CenteredInterval mean;          // mean +- t(.975, n - 1) s / sqrt(n); no interval for a single value
  std::optional<double> p_value;  // two-sided, of a mean of 0; empty likewise
};

// Throws Error{bad_input} for no value.
MeanWithInterval mean_with_interval(std::span<const double> values);

}  // namespace heretix
