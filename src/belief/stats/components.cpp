#include "belief/stats/components.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.hpp"
#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

double squares_around_mean(std::span<const double> x) {
  const double mean = mean_left_to_right(x);
  double sum = 0.0;
  for (const double value : x) sum += (value - mean) * (value - mean);
  return sum;
}

// The sum of squares of a factor: the means at its levels around the grand mean, each weighted by the number of values
// at its level.
struct Factor {
  std::size_t levels;
  double squares;
};

Factor factor_of(std::span<const CrossedRun> runs, std::size_t levels, auto level_of) {
  std::vector<double> sums(levels, 0.0);
  std::vector<double> counts(levels, 0.0);
  for (const CrossedRun& run : runs) {
    for (std::size_t k = 0; k < run.means.size(); ++k) {
      sums[level_of(run, k)] += run.means[k];
      ++counts[level_of(run, k)];
    }
  }
  for (std::size_t i = 0; i < levels; ++i) sums[i] /= counts[i];
  return {levels, squares_around_mean(sums) * counts[0]};
}

std::optional<double> component(const Factor& factor, double rest, std::size_t values) {
  if (factor.levels < 2) return std::nullopt;
  const double mean_square = factor.squares / static_cast<double>(factor.levels - 1);
  return std::max(0.0, (mean_square - rest) * static_cast<double>(factor.levels) / static_cast<double>(values));
}

std::size_t count_of(std::span<const CrossedRun> runs, int CrossedRun::*member) {
  std::set<int> seen;
  for (const CrossedRun& run : runs) seen.insert(run.*member);
  return seen.size();
}

void require_crossed(std::span<const CrossedRun> runs, std::size_t models, std::size_t days) {
  std::set<std::pair<int, int>> cells;
  for (const CrossedRun& run : runs) cells.emplace(run.model, run.day);
  if (runs.empty() || cells.size() != runs.size() || cells.size() != models * days)
    throw Error(ErrorKind::bad_input, "there is not exactly one run for each model on each day",
                "give one run of every model for every day, or the runs of one model");
  if (runs[0].means.size() < 2)
    throw Error(ErrorKind::bad_input, "the runs share fewer than two templates", "give runs of one prompt bank");
}

}  // namespace

WordingVariance wording_variance(std::span<const std::vector<double>> groups) {
  if (groups.empty()) throw Error(ErrorKind::bad_input, "no template has a usable answer");

  std::vector<double> means;
  double within = 0.0;
  double inverse = 0.0;
  std::size_t answers = 0;
  for (const auto& group : groups) {
    means.push_back(mean_left_to_right(group));
    within += squares_around_mean(group);
    inverse += 1.0 / static_cast<double>(group.size());
    answers += group.size();
  }

  const std::size_t templates = groups.size();
  WordingVariance found{
      .wording = 0.0, .replicate = {}, .means = {}, .harmonic_replicates = static_cast<double>(templates) / inverse};
  if (answers > templates) found.replicate = within / static_cast<double>(answers - templates);

  if (templates < 2) return found;
  const double spread = standard_deviation(means);
  found.means = spread * spread;
  // The means also vary because each averages only R_h replicates: that part is taken off.
  found.wording = std::max(0.0, *found.means - found.replicate.value_or(0.0) / found.harmonic_replicates);

  return found;
}

int best_replicates(double wording, double replicate, double wording_cost, double answer_cost) {
  if (!(wording > 0)) return kMostReplicatesAdvised;
  const double best = std::floor(std::sqrt(replicate / wording * wording_cost / answer_cost));
  const int lower = static_cast<int>(std::clamp(best, 1.0, static_cast<double>(kMostReplicatesAdvised)));
  const int upper = std::min(lower + (best < 1 ? 0 : 1), kMostReplicatesAdvised);
  const auto price = [&](int r) { return (wording + replicate / r) * (wording_cost + r * answer_cost); };
  return price(upper) < price(lower) ? upper : lower;
}

CrossedVariance crossed_variance(std::span<const CrossedRun> runs) {
  const std::size_t models = count_of(runs, &CrossedRun::model);
  const std::size_t days = count_of(runs, &CrossedRun::day);
  require_crossed(runs, models, days);
  const std::size_t templates = runs[0].means.size();
  std::vector<double> all;
  for (const CrossedRun& run : runs) all.insert(all.end(), run.means.begin(), run.means.end());
  const Factor wording = factor_of(runs, templates, [](const CrossedRun&, std::size_t k) { return k; });
  const Factor model =
      factor_of(runs, models, [](const CrossedRun& r, std::size_t) { return static_cast<std::size_t>(r.model); });
  const Factor day =
      factor_of(runs, days, [](const CrossedRun& r, std::size_t) { return static_cast<std::size_t>(r.day); });
  const double left = squares_around_mean(all) - wording.squares - model.squares - day.squares;
  const auto freedom = static_cast<double>(all.size() - 1 - (templates - 1) - (models - 1) - (days - 1));
  const double rest = freedom > 0 ? std::max(0.0, left) / freedom : 0.0;
  return {.wording = component(wording, rest, all.size()),
          .model = component(model, rest, all.size()),
          .day = component(day, rest, all.size()),
          .rest = rest};
}

}  // namespace heretix
