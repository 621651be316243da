// Comparisons: whether two sets of templates, or many claims, differ, and by how much.
//
// A difference of pairs takes the honest interval's form, without what belongs to probabilities (cap, cell, hull):
// TS(d) = centre +- c_T s / sqrt(T), s of the plain differences. Beside it stands a permutation test that needs no
// law at all but symmetry. Two intervals are never compared by overlap. Formulas: docs/compare.md; checked against
// tests/golden/statistics.json. Sources: Hesterberg 2015; Cameron, Gelbach & Miller 2008; Benjamini & Hochberg 1995.
// Pure, thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "belief/stats/honest.hpp"

namespace heretix {

inline constexpr std::size_t kMostExactFlips = 20;  // above it seeded flips
inline constexpr int kSeededFlips = 9'999;

// On whatever scale the values have.
struct CenteredInterval {
  double center;
  std::optional<double> low, high;  // empty for a single value

  bool has_interval() const { return low.has_value(); }
  bool excludes_zero() const { return low && (*low > 0 || *high < 0); }
};

// The interval, widened to reach over all of `range`; without an interval it stays without. This is for values that
// were made of rounded numbers: `range` is what the rounding leaves open about the centre, so that no more resolution
// is claimed than there was.
CenteredInterval widened_to(CenteredInterval interval, LogitRange range);

// The same interval around another centre.
CenteredInterval moved_to(CenteredInterval interval, double center);

// The range of a minus b that the ranges of a and b leave open, on whatever scale both are.
LogitRange minus(const LogitRange& a, const LogitRange& b);

// TS(d). Throws Error{bad_input} for no value.
CenteredInterval trimmed_spread_interval(std::span<const double> d, Level level = Level::p95);

// The share of all 2^n sign patterns, the observed one included, whose plain sum is at least as far from 0. Above
// kMostExactFlips values: (1 + hits) / (1 + 9,999) over flips drawn from `seed`. Throws Error{bad_input} for no value.
double sign_flip_p(std::span<const double> d, std::uint64_t seed);

struct Welch {
  CenteredInterval interval;
  std::optional<double> p_value;  // two-sided, stretched like the interval; empty where there is none
};

// Different templates on either side: Welch's interval for the difference of the two trimmed centres, a minus b, its
// t quantile stretched by the larger c_T / t of the two sides. At least two values a side, else no interval.
Welch welch_interval(std::span<const double> a, std::span<const double> b, Level level = Level::p95);

// Adjusted p-values (false discovery rate), in the order given: a claim is named where its value is at most the rate.
std::vector<double> benjamini_hochberg(std::span<const double> p);

}  // namespace heretix
