#include "base/resolution.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace heretix {
namespace {

constexpr double kTolerance = 1e-9;
constexpr double kUsualStep = 0.01;
constexpr std::size_t kEnoughDifferent = 5;  // by chance five hundredths all lie on twentieths once in 3,125 times

struct Step {
  double size, inverse;
};
constexpr std::array kSteps = {Step{0.1, 10}, Step{0.05, 20}, Step{0.01, 100}, Step{0.001, 1000}, Step{0.0001, 10000}};

bool all_lie_on(const Step& step, std::span<const double> numbers) {
  return std::ranges::all_of(numbers, [&](double number) {
    return std::abs(number - std::floor(number * step.inverse + 0.5) / step.inverse) <= kTolerance;
  });
}

}  // namespace

double step_of(std::span<const double> numbers) {
  if (numbers.empty()) return 0;

  const std::size_t different = std::set<double>(numbers.begin(), numbers.end()).size();
  for (const Step& step : kSteps) {
    const bool is_coarse = step.size > kUsualStep;
    if (is_coarse && different < kEnoughDifferent) continue;
    if (all_lie_on(step, numbers)) return step.size;
  }
  return 0;
}

Probability value_read(Probability number, double cell) {
  return Probability{std::clamp(number.value(), cell, 1 - cell)};
}

}  // namespace heretix
