// Whether a series of measurements has left the law that it began with: a rank detector whose promise holds for any
// continuous law.
//
// Each new value is ranked among all earlier ones, so nothing about the law is assumed. The ranks feed a
// Shiryaev-Roberts sum of six betting e-processes, R; an alarm is R >= 1/alpha, and the expected number of runs
// between false alarms is at least 1/alpha. Sources: Shin, Ramdas & Rinaldo, "E-detectors"; Wang & Ramdas, "False
// discovery rate control with e-values" (e-BH). Formulas: docs/drift.md; checked against
// tests/golden/statistics.json. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace heretix {

inline constexpr double kDriftAlpha = 1.0 / 400;  // one false alarm in 400 runs, or fewer
inline constexpr std::size_t kLeastBaselineRuns = 10;

class DriftDetector {
 public:
  // Throws Error{bad_input} for fewer than kLeastBaselineRuns values.
  explicit DriftDetector(std::span<const double> baseline);

  // Takes the next value; returns R after it.
  double add(double x);
  double value() const { return value_; }

 private:
  std::vector<double> earlier_;  // sorted
  std::array<double, 6> wealth_{};
  double value_ = 0.0;
};

// Which of many hypotheses e-values reject at false discovery rate alpha (e-BH), in the order given.
std::vector<bool> e_benjamini_hochberg(std::span<const double> e, double alpha);

}  // namespace heretix
