#include "belief/stats/drift.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

constexpr std::array kBets = {0.5, -0.5, 1.0, -1.0, 1.5, -1.5};

double density_at(std::size_t rank, std::size_t n) {
  if (rank == 0 || rank == n) return 0.0;
  return normal_density(normal_quantile(static_cast<double>(rank) / static_cast<double>(n)));
}

// The normal score of the place between `rank` and the next of n: the mean of a normal value within that slice.
double score(std::size_t rank, std::size_t n) {
  return static_cast<double>(n) * (density_at(rank, n) - density_at(rank + 1, n));
}

}  // namespace

DriftDetector::DriftDetector(std::span<const double> baseline) : earlier_(baseline.begin(), baseline.end()) {
  if (baseline.size() < kLeastBaselineRuns)
    throw Error(ErrorKind::bad_input,
                fmt::format("the baseline has {} runs; at least {} are needed", baseline.size(), kLeastBaselineRuns),
                "measure more before watching");
  std::ranges::sort(earlier_);
}

double DriftDetector::add(double x) {
  const auto [first, last] = std::ranges::equal_range(earlier_, x);
  const auto below = static_cast<std::size_t>(first - earlier_.begin());
  const auto ties = static_cast<std::size_t>(last - first);
  const std::size_t n = earlier_.size() + 1;
  double u = 0.0;
  for (std::size_t j = below; j <= below + ties; ++j) u += score(j, n);
  u /= static_cast<double>(ties + 1);
  double sum = 0.0;
  for (std::size_t i = 0; i < kBets.size(); ++i) {
    wealth_[i] = (wealth_[i] + 1) * std::exp(kBets[i] * u - kBets[i] * kBets[i] / 2);
    sum += wealth_[i];
  }
  earlier_.insert(earlier_.begin() + static_cast<std::ptrdiff_t>(below), x);
  return value_ = sum / static_cast<double>(kBets.size());
}

std::vector<bool> e_benjamini_hochberg(std::span<const double> e, double alpha) {
  std::vector<std::size_t> order(e.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return e[i]; });
  std::size_t rejected = 0;
  for (std::size_t k = 1; k <= e.size(); ++k) {
    if (static_cast<double>(k) * e[order[k - 1]] / static_cast<double>(e.size()) >= 1 / alpha) rejected = k;
  }
  std::vector<bool> named(e.size(), false);
  for (std::size_t k = 0; k < rejected; ++k) named[order[k]] = true;
  return named;
}

}  // namespace heretix
