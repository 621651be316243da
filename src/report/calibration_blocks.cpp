#include "report/calibration_blocks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace heretix {

std::vector<ReliabilityBin> histogram_of(std::span<const LabelledBelief> beliefs) {
  std::vector<ReliabilityBin> bins(kReliabilityBins);
  for (const LabelledBelief& belief : beliefs) {
    const auto place = static_cast<std::size_t>(belief.p * static_cast<double>(kReliabilityBins));
    ReliabilityBin& bin = bins[std::min(place, kReliabilityBins - 1)];
    ++bin.claims;
    if (belief.is_true) ++bin.trues;
  }
  return bins;
}

Curve reliability_diagram(std::span<const CorpStep> curve, std::span<const double> places,
                          const ConsistencyBand& band) {
  Curve drawn{.x_axis = "stated probability", .y_axis = "share that is true", .points = {}};
  for (std::size_t i = 0; i < places.size(); ++i)
    drawn.points.push_back({places[i], rate_at(curve, places[i]), band.low[i], band.high[i]});
  return drawn;
}

Histogram stated_probabilities(std::span<const ReliabilityBin> bins) {
  Histogram histogram{.axis = "stated probability", .counted = "claims", .marked = "true claims", .bins = {}};
  const auto edge = [&](std::size_t k) { return static_cast<double>(k) / static_cast<double>(bins.size()); };
  for (std::size_t i = 0; i < bins.size(); ++i)
    histogram.bins.push_back({edge(i), edge(i + 1), bins[i].claims, bins[i].trues});
  return histogram;
}

// Brier = uncertainty - discrimination + miscalibration, from left to right and back.
Breakdown parts_of_brier(const CalibrationScores& s) {
  constexpr double kCoin = 0.25;
  const double told_apart = s.uncertainty - s.discrimination;
  const double longest = std::max({kCoin, s.uncertainty, s.brier});
  return {.axis = "Brier score",
          .most = std::ceil(longest * 5) / 5,
          .reference = kCoin,
          .reference_label = "a coin",
          .parts = {{"uncertainty", 0, s.uncertainty},
                    {"- discrimination (resolution)", s.uncertainty, told_apart},
                    {"+ miscalibration (reliability)", told_apart, s.brier},
                    {"= Brier score", 0, s.brier, true}}};
}

Paragraph about_the_band() {
  return {fmt::format(
              "The line is the isotonic fit. The band holds 95 % of the fits of a calibrated model with these "
              "probabilities, from {} bootstrap draws; where the line leaves it, chance does not explain the distance.",
              kBandResamples),
          true};
}

Paragraph about_the_parts() {
  return {
      "Uncertainty is what the labels alone leave open. Telling true from false takes away from it, and probabilities "
      "that do not come true as often as stated add to it.",
      true};
}

}  // namespace heretix
