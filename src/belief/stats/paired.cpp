#include "belief/stats/paired.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "belief/estimate/rng.hpp"
#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

double level_of(Level level) { return level == Level::p90 ? 0.90 : level == Level::p95 ? 0.95 : 0.99; }

// Counts the sign patterns whose sum is far enough from 0. Every sum is added up in the order of the values.
std::uint64_t far_patterns(std::span<const double> d, std::size_t next, double sum, double bound) {
  if (next == d.size()) return std::abs(sum) >= bound ? 1 : 0;
  return far_patterns(d, next + 1, sum + d[next], bound) + far_patterns(d, next + 1, sum - d[next], bound);
}

void require_some(std::span<const double> d) {
  if (d.empty()) throw Error(ErrorKind::bad_input, "there is nothing to compare");
}

}  // namespace

CenteredInterval widened_to(CenteredInterval interval, LogitRange range) {
  if (!interval.has_interval()) return interval;
  interval.low = std::min(*interval.low, range.low);
  interval.high = std::max(*interval.high, range.high);
  return interval;
}

CenteredInterval moved_to(CenteredInterval interval, double center) {
  const double by = center - interval.center;
  interval.center = center;
  if (interval.low) interval.low = *interval.low + by;
  if (interval.high) interval.high = *interval.high + by;
  return interval;
}

LogitRange minus(const LogitRange& a, const LogitRange& b) { return {a.low - b.high, a.high - b.low}; }

CenteredInterval trimmed_spread_interval(std::span<const double> d, Level level) {
  require_some(d);
  CenteredInterval found{.center = trimmed_center({d.begin(), d.end()}), .low = {}, .high = {}};
  if (d.size() < 2) return found;
  const double half = honest_scale(level, d.size()) * standard_deviation(d) / std::sqrt(static_cast<double>(d.size()));
  found.low = found.center - half;
  found.high = found.center + half;
  return found;
}

double sign_flip_p(std::span<const double> d, std::uint64_t seed) {
  require_some(d);
  const double observed = std::abs(std::accumulate(d.begin(), d.end(), 0.0));
  const double bound = observed - 1e-12 * std::max(1.0, observed);
  if (d.size() <= kMostExactFlips) {
    const std::uint64_t far = far_patterns(d, 0, 0.0, bound);
    return static_cast<double>(far) / static_cast<double>(std::uint64_t{1} << d.size());
  }
  Rng rng(seed);
  int hits = 0;
  for (int flip = 0; flip < kSeededFlips; ++flip) {
    double sum = 0.0;
    for (const double value : d) sum += rng.below(2) == 1 ? value : -value;
    if (std::abs(sum) >= bound) ++hits;
  }
  return (1.0 + hits) / (1.0 + kSeededFlips);
}

Welch welch_interval(std::span<const double> a, std::span<const double> b, Level level) {
  require_some(a);
  require_some(b);
  Welch found{.interval = {.center = trimmed_center({a.begin(), a.end()}) - trimmed_center({b.begin(), b.end()}),
                           .low = {},
                           .high = {}},
              .p_value = {}};
  if (a.size() < 2 || b.size() < 2) return found;

  const double upper = 1 - (1 - level_of(level)) / 2;
  const auto stretch = [&](std::size_t n) {
    return honest_scale(level, n) / student_quantile(upper, static_cast<double>(n - 1));
  };
  const auto share = [](std::span<const double> x) {
    const double s = standard_deviation(x);
    return s * s / static_cast<double>(x.size());
  };

  const double of_a = share(a);
  const double of_b = share(b);
  const double squared = of_a + of_b;
  const double center = found.interval.center;

  // Without any spread there is no standard error: the interval has no width, and the p-value is 1 or 0.
  double half = 0.0;
  found.p_value = center == 0 ? 1.0 : 0.0;

  // The degrees of freedom are those of Welch and Satterthwaite.
  if (squared > 0) {
    const double freedom =
        squared * squared /
        (of_a * of_a / static_cast<double>(a.size() - 1) + of_b * of_b / static_cast<double>(b.size() - 1));
    const double error = std::max(stretch(a.size()), stretch(b.size())) * std::sqrt(squared);
    half = student_quantile(upper, freedom) * error;
    found.p_value = 2 * student_cdf(-std::abs(center) / error, freedom);
  }

  found.interval.low = center - half;
  found.interval.high = center + half;
  return found;
}

std::vector<double> benjamini_hochberg(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p[i]; });
  std::vector<double> adjusted(p.size());
  double least = 1.0;
  for (std::size_t rank = p.size(); rank-- > 0;) {
    least = std::min(least, p[order[rank]] * static_cast<double>(p.size()) / static_cast<double>(rank + 1));
    adjusted[order[rank]] = least;
  }
  return adjusted;
}

}  // namespace heretix
