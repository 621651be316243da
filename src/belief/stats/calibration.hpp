// How well stated probabilities match what is true, on claims whose truth is known.
//
// Brier and log score, the CORP decomposition (isotonic fit by pool-adjacent-violators), Spiegelhalter's Z, the
// debiased squared calibration error, and a recalibration map judged by cross-fitting. Formulas: docs/calibrate.md;
// checked against tests/golden/statistics.json. Sources: Dimitriadis, Gneiting & Jordan 2021; Murphy 1973; Bröcker &
// Smith 2007; Bröcker 2012; Kumar, Liang & Ma 2019; Spiegelhalter 1986. Pure, thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace heretix {

inline constexpr double kLogScoreClamp = 0.005;
inline constexpr std::size_t kLeastLabelsToRank = 200;
inline constexpr int kBandResamples = 1'000;
inline constexpr std::size_t kCalibrationBins = 5;
inline constexpr std::size_t kCrossFitFolds = 5;

struct LabelledBelief {
  double p;  // in [0, 1]
  bool is_true;
};

// Step of the isotonic fit: stated probabilities from `low` to `high` come true at `rate`.
struct CorpStep {
  double low, high;
  double rate;
  std::size_t count;
};

struct CalibrationScores {
  double brier;
  double log_score;  // p clamped to [.005, .995]
  // brier = MCB - DSC + UNC (Dimitriadis, Gneiting & Jordan 2021). With bins in place of the isotonic fit they are the
  // reliability, resolution and uncertainty of Murphy 1973.
  double miscalibration, discrimination, uncertainty;
  double spiegelhalter_z;         // standard normal where calibrated; 0 where it is undefined
  double squared_error_debiased;  // may be negative
};

// Throws Error{bad_input} for no belief, or p outside [0, 1].
CalibrationScores calibration_scores(std::span<const LabelledBelief> beliefs);

// Steps in ascending order of p; equal p are pooled first.
std::vector<CorpStep> corp_curve(std::span<const LabelledBelief> beliefs);

// The rate that the curve gives for p: linear between steps, constant beyond them.
double rate_at(std::span<const CorpStep> curve, double p);

// Where 95 % of the curves of a calibrated forecaster with these probabilities run, at each of `places`: the
// consistency resampling of Bröcker & Smith 2007 ("Increasing the reliability of reliability diagrams", Weather and
// Forecasting 22, pages 651 to 661), applied to the isotonic fit. Each of kBandResamples resamples draws as many
// probabilities with replacement, makes each true with its own probability and is fitted anew; the band is the range
// between the 2.5 % and the 97.5 % quantile of the fits, place by place.
struct ConsistencyBand {
  std::vector<double> low, high;
};
ConsistencyBand consistency_band(std::span<const LabelledBelief> beliefs, std::span<const double> places,
                                 std::uint64_t seed);

// The expected calibration error minus what a calibrated forecaster shows by chance.
struct ExcessError {
  double observed;   // over kCalibrationBins bins of equal count
  double by_chance;  // mean over kBandResamples resamples
  double excess() const { return observed - by_chance; }
};
ExcessError excess_calibration_error(std::span<const LabelledBelief> beliefs, std::uint64_t seed);

// What each belief becomes by a map fitted without its own fold. Clamped as the log score is.
std::vector<LabelledBelief> cross_fitted(std::span<const LabelledBelief> beliefs, std::uint64_t seed);

}  // namespace heretix
