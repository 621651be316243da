#include "base/resolution.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

namespace heretix {
namespace {

constexpr double kTolerance = 1e-9;
constexpr double kUsualStep = 0.01;
constexpr std::size_t kEnoughDifferent = 5;  // by chance five hundredths all lie on twentieths once in 3,125 times

constexpr std::size_t kEnoughInside = 2;  // two hundredths lie on twentieths once in 25 times, on tenths once in 100

constexpr long kCountedDecimals = 1'000'000'000;

struct Step {
  double size, inverse;
};
constexpr std::array kSteps = {Step{0.1, 10}, Step{0.05, 20}, Step{0.01, 100}, Step{0.001, 1000}, Step{0.0001, 10000}};

bool all_lie_on(const Step& step, std::span<const double> numbers) {
  return std::ranges::all_of(numbers, [&](double number) {
    return std::abs(number - std::floor(number * step.inverse + 0.5) / step.inverse) <= kTolerance;
  });
}

// The coarsest step that all of them lie on; `believes_coarse`: whether there are enough to believe one above 0.01.
double coarsest_step(std::span<const double> numbers, bool believes_coarse) {
  if (numbers.empty()) return 0;
  for (const Step& step : kSteps) {
    const bool is_coarse = step.size > kUsualStep;
    if (is_coarse && !believes_coarse) continue;
    if (all_lie_on(step, numbers)) return step.size;
  }
  return 0;
}

}  // namespace

double step_of(std::span<const double> numbers) {
  const std::set<double> different(numbers.begin(), numbers.end());
  return coarsest_step(numbers, different.size() >= kEnoughDifferent);
}

double likely_step_of(std::span<const double> numbers) {
  std::set<double> different(numbers.begin(), numbers.end());
  different.erase(0.0);  // the ends lie on every step
  different.erase(1.0);
  return std::max(step_of(numbers), coarsest_step(numbers, different.size() >= kEnoughInside));
}

int decimals_written(std::string_view literal) {
  const std::size_t exponent_mark = std::min(literal.find_first_of("eE"), literal.size());
  const std::size_t point = literal.substr(0, exponent_mark).find('.');
  const long digits = point == std::string_view::npos ? 0 : static_cast<long>(exponent_mark - point - 1);

  // An exponent beyond an int's range leaves far more or far fewer decimals than anything asks about.
  long exponent = 0;
  std::string_view text = literal.substr(std::min(exponent_mark + 1, literal.size()));
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto read = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (read.ec == std::errc::result_out_of_range)
    exponent = text.starts_with('-') ? -kCountedDecimals : kCountedDecimals;
  return static_cast<int>(
      std::clamp(digits - std::clamp(exponent, -kCountedDecimals, kCountedDecimals), 0L, kCountedDecimals));
}

double written_cell(int decimals) { return decimals <= 2 ? 0.005 : 0.001; }

Probability value_read(Probability number, double cell) {
  return Probability{std::clamp(number.value(), cell, 1 - cell)};
}

LogitRange rounded_to(Probability number, double step) {
  const Probability low{std::max(0.0, number.value() - step / 2)}, high{std::min(1.0, number.value() + step / 2)};
  return {to_logit(low).value(), to_logit(high).value()};
}

}  // namespace heretix
