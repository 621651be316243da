// The pictures of what stated probabilities are worth, for every document that has them: the reliability diagram with
// its histogram, and the Brier score with its parts. Pure.
#pragma once

#include <span>
#include <vector>

#include "belief/stats/calibration.hpp"
#include "report/document.hpp"

namespace heretix {

inline constexpr std::size_t kReliabilityBins = 20;

// How many claims have a probability in one part of the unit interval, and how many of these are true. A part holds its
// lower end, and the last one also holds 1.
struct ReliabilityBin {
  std::size_t claims = 0, trues = 0;
};
std::vector<ReliabilityBin> histogram_of(std::span<const LabelledBelief> beliefs);

Curve reliability_diagram(std::span<const CorpStep> curve, std::span<const double> places, const ConsistencyBand& band);
Histogram stated_probabilities(std::span<const ReliabilityBin> bins);
Breakdown parts_of_brier(const CalibrationScores& scores);

// What stands below them.
Paragraph about_the_band();
Paragraph about_the_parts();

}  // namespace heretix
