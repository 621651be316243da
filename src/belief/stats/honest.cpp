#include "belief/stats/honest.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "base/error.hpp"
#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

// c_T for T = 2, 3, …; measured by simulation so that the interval covers what its level says.
constexpr std::array<double, 63> kScale90 = {
    6.314, 2.920, 2.354, 2.338, 2.173, 2.064, 1.988, 1.933, 1.930, 1.899, 1.874, 1.854, 1.836, 1.863, 1.847, 1.834,
    1.822, 1.811, 1.834, 1.823, 1.814, 1.806, 1.798, 1.817, 1.810, 1.803, 1.797, 1.790, 1.807, 1.801, 1.795, 1.790,
    1.785, 1.800, 1.795, 1.790, 1.785, 1.782, 1.795, 1.790, 1.786, 1.783, 1.779, 1.791, 1.787, 1.783, 1.780, 1.777,
    1.787, 1.784, 1.781, 1.778, 1.775, 1.785, 1.782, 1.779, 1.776, 1.774, 1.783, 1.780, 1.777, 1.775, 1.772,
};
constexpr std::array<double, 63> kScale95 = {
    12.707, 4.303, 3.183, 3.015, 2.752, 2.586, 2.471, 2.390, 2.367, 2.323, 2.287, 2.258, 2.233, 2.259, 2.238, 2.219,
    2.203,  2.188, 2.213, 2.199, 2.187, 2.175, 2.165, 2.187, 2.177, 2.168, 2.160, 2.151, 2.170, 2.162, 2.155, 2.148,
    2.142,  2.159, 2.153, 2.146, 2.141, 2.136, 2.151, 2.145, 2.140, 2.136, 2.131, 2.144, 2.139, 2.135, 2.131, 2.127,
    2.139,  2.135, 2.131, 2.128, 2.124, 2.135, 2.132, 2.128, 2.125, 2.122, 2.132, 2.129, 2.125, 2.122, 2.120,
};
constexpr std::array<double, 63> kScale99 = {
    63.657, 9.925, 5.841, 4.925, 4.266, 3.881, 3.630, 3.456, 3.360, 3.271, 3.200, 3.142, 3.094, 3.107, 3.069, 3.036,
    3.007,  2.981, 3.002, 2.979, 2.959, 2.940, 2.924, 2.945, 2.930, 2.915, 2.902, 2.889, 2.910, 2.898, 2.886, 2.876,
    2.867,  2.885, 2.876, 2.867, 2.858, 2.850, 2.868, 2.859, 2.852, 2.845, 2.838, 2.854, 2.847, 2.841, 2.834, 2.829,
    2.844,  2.838, 2.832, 2.827, 2.821, 2.835, 2.830, 2.825, 2.820, 2.816, 2.828, 2.824, 2.818, 2.814, 2.810,
};
constexpr double kBeyond90 = 1.785;
constexpr double kBeyond95 = 2.132;
constexpr double kBeyond99 = 2.830;

struct LevelTable {
  double level;
  std::span<const double> scales;
  double beyond;
};

LevelTable table_of(Level level) {
  switch (level) {
    case Level::p90: return {0.90, kScale90, kBeyond90};
    case Level::p95: return {0.95, kScale95, kBeyond95};
    case Level::p99: return {0.99, kScale99, kBeyond99};
  }
  throw std::logic_error("a Level without a table");
}

std::vector<double> template_means(std::span<const std::vector<Probability>> groups) {
  std::vector<double> means;
  for (const auto& answers : groups) {
    if (answers.empty()) throw Error(ErrorKind::bad_input, "a template without answers cannot be weighed");
    double sum = 0.0;
    for (const Probability p : answers) sum += to_logit(p).value();
    means.push_back(sum / static_cast<double>(answers.size()));
  }
  return means;
}

std::vector<double> flattened(std::span<const std::vector<Probability>> groups) {
  std::vector<double> all;
  for (const auto& answers : groups) {
    for (const Probability p : answers) all.push_back(p.value());
  }
  return all;
}

// The coarsest step that at least four fifths of the answers lie on.
double grid_of(std::span<const double> answers, bool tries_tenths) {
  struct Step {
    double size, inverse;
  };
  for (const Step step : {Step{0.1, 10}, Step{0.05, 20}, Step{0.01, 100}, Step{0.001, 1000}}) {
    if (step.size == 0.1 && !tries_tenths) continue;
    const auto hits = std::ranges::count_if(
        answers, [&](double p) { return std::abs(p - std::floor(p * step.inverse + 0.5) / step.inverse) <= 1e-9; });
    if (5 * static_cast<std::size_t>(hits) >= 4 * answers.size()) return step.size;
  }
  return 0.0;
}

// On a grid, 0 and 1 stand for "beyond the last step": the trimmed means are held at that step, so that the
// clamp's arbitrary 1e-6 does not set the width.
std::vector<double> capped(std::vector<double> sorted, std::size_t trimmed, double grid) {
  if (!(grid > 0.0) || trimmed == 0) return sorted;
  const double d = std::min(grid, 0.01) / 2;
  const double cap = std::log((1 - d) / d);
  const double lowest_kept = sorted[trimmed];
  const double highest_kept = sorted[sorted.size() - trimmed - 1];
  for (std::size_t i = 0; i < trimmed; ++i) {
    sorted[i] = std::max(sorted[i], std::min(lowest_kept, -cap));
    double& high = sorted[sorted.size() - 1 - i];
    high = std::min(high, std::max(highest_kept, cap));
  }
  return sorted;
}

bool contradicts(std::span<const double> sorted) {
  const std::size_t n = sorted.size();
  const double median = n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  return std::ranges::any_of(sorted, [&](double m) { return m * median < 0 && std::abs(m - median) > 2; });
}

std::vector<std::string> flags_of(std::span<const double> sorted, double half, std::span<const double> answers) {
  std::vector<std::string> flags;
  if (sorted.size() < 5) flags.emplace_back("few_templates");
  if (std::ranges::any_of(answers, [](double p) { return p < .005 || p > .995; })) {
    flags.emplace_back("extreme_answers");
  }
  if (contradicts(sorted)) flags.emplace_back("template_contradiction");
  if (half < 1e-9) flags.emplace_back("no_spread_resolution_only");
  return flags;
}

Interval widened(Interval interval, Interval by) {
  return {std::min(interval.low, by.low), std::max(interval.high, by.high)};
}

// What the answers' own resolution leaves open of the centre.
Interval resolution_cell(Probability p, double grid, const std::optional<KnownRounding>& rounding) {
  if (rounding && !rounding->ranges.empty()) {
    const LogitRange range = center_range(rounding->ranges);
    return {Probability{sigmoid(range.low)}, Probability{sigmoid(range.high)}};
  }
  return {Probability{std::max(0.0, p.value() - grid / 2)}, Probability{std::min(1.0, p.value() + grid / 2)}};
}

HonestInterval::Bounds bounds_of(const std::vector<double>& sorted, std::span<const double> answers,
                                 const HonestInterval& found, const HonestOptions& options) {
  const double grid = options.rounding ? options.rounding->step : grid_of(answers, options.tries_tenths);
  const std::vector<double> z = capped(sorted, found.trimmed, grid);
  const double scale = options.scale.value_or(honest_scale(options.level, sorted.size()));
  const double spread = standard_deviation(z);
  const double half = scale * spread / std::sqrt(static_cast<double>(sorted.size()));
  const double center = found.center.value();
  const Interval core{Probability{sigmoid(center - half)}, Probability{sigmoid(center + half)}};
  const Interval no_hull = widened(core, resolution_cell(found.p, grid, options.rounding));
  return {.spread_logit = spread,
          .scale = scale,
          .half_logit = half,
          .core = core,
          .grid = grid,
          .no_hull = no_hull,
          .interval = options.frozen ? widened(no_hull, *options.frozen) : no_hull,
          .flags = flags_of(sorted, half, answers)};
}

}  // namespace

LogitRange center_range(std::span<const LogitRange> ranges) {
  std::vector<double> low, high;
  for (const LogitRange& range : ranges) {
    low.push_back(range.low);
    high.push_back(range.high);
  }
  return {trimmed_center(std::move(low)), trimmed_center(std::move(high))};
}

double honest_scale(Level level, std::size_t templates) {
  const LevelTable table = table_of(level);
  const std::size_t row = templates - 2;
  return row < table.scales.size() ? table.scales[row] : table.beyond;
}

HonestInterval interval_over_templates(std::vector<double> means, std::span<const double> answered,
                                       const HonestOptions& options) {
  std::ranges::sort(means);
  const double center = trimmed_center(means);
  HonestInterval found{.level = table_of(options.level).level,
                       .templates = means.size(),
                       .trimmed = means.size() / 5,
                       .answers = answered.size(),
                       .center = Logit{center},
                       .p = Probability{sigmoid(center)},
                       .bounds = std::nullopt};
  if (means.size() >= 2) found.bounds = bounds_of(means, answered, found, options);
  return found;
}

HonestInterval honest_interval(std::span<const std::vector<Probability>> groups, const HonestOptions& options) {
  if (groups.empty()) throw Error(ErrorKind::bad_input, "no template has a usable answer");
  return interval_over_templates(template_means(groups), flattened(groups), options);
}

}  // namespace heretix
