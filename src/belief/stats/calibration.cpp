#include "belief/stats/calibration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "base/error.hpp"
#include "belief/estimate/shuffle.hpp"
#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

std::vector<LabelledBelief> sorted_by_p(std::span<const LabelledBelief> beliefs) {
  std::vector<LabelledBelief> sorted(beliefs.begin(), beliefs.end());
  std::ranges::stable_sort(sorted, {}, &LabelledBelief::p);
  return sorted;
}

void require_beliefs(std::span<const LabelledBelief> beliefs) {
  if (beliefs.empty()) throw Error(ErrorKind::bad_input, "there are no labelled beliefs");
  for (const LabelledBelief& b : beliefs) {
    if (!(b.p >= 0 && b.p <= 1))
      throw Error(ErrorKind::bad_input, fmt::format("a probability is {}; it must be from 0 to 1", b.p));
  }
}

double squared(double x) { return x * x; }

double mean_truth(std::span<const LabelledBelief> beliefs) {
  double sum = 0.0;
  for (const LabelledBelief& b : beliefs) sum += b.is_true ? 1 : 0;
  return sum / static_cast<double>(beliefs.size());
}

double brier_of(std::span<const LabelledBelief> beliefs) {
  double sum = 0.0;
  for (const LabelledBelief& b : beliefs) sum += squared((b.is_true ? 1 : 0) - b.p);
  return sum / static_cast<double>(beliefs.size());
}

double log_score_of(std::span<const LabelledBelief> beliefs) {
  double sum = 0.0;
  for (const LabelledBelief& b : beliefs) {
    const double p = std::clamp(b.p, kLogScoreClamp, 1 - kLogScoreClamp);
    sum -= std::log(b.is_true ? p : 1 - p);
  }
  return sum / static_cast<double>(beliefs.size());
}

// The Brier score of the isotonic fit: within a step every belief equals the step's rate.
double brier_of_fit(std::span<const CorpStep> curve, std::size_t beliefs) {
  double sum = 0.0;
  for (const CorpStep& step : curve) sum += static_cast<double>(step.count) * step.rate * (1 - step.rate);
  return sum / static_cast<double>(beliefs);
}

double spiegelhalter_z(std::span<const LabelledBelief> beliefs) {
  double top = 0.0;
  double below = 0.0;
  for (const LabelledBelief& b : beliefs) {
    top += ((b.is_true ? 1 : 0) - b.p) * (1 - 2 * b.p);
    below += squared(1 - 2 * b.p) * b.p * (1 - b.p);
  }
  return below > 0 ? top / std::sqrt(below) : 0.0;
}

// Bins of equal count over beliefs sorted by p. The first n % 5 bins hold one more, and empty bins are left out.
std::vector<std::span<const LabelledBelief>> bins_of(std::span<const LabelledBelief> sorted) {
  std::vector<std::span<const LabelledBelief>> bins;
  std::size_t start = 0;
  for (std::size_t b = 0; b < kCalibrationBins; ++b) {
    const std::size_t size = sorted.size() / kCalibrationBins + (b < sorted.size() % kCalibrationBins ? 1 : 0);
    if (size > 0) bins.push_back(sorted.subspan(start, size));
    start += size;
  }
  return bins;
}

double mean_p(std::span<const LabelledBelief> bin) {
  double sum = 0.0;
  for (const LabelledBelief& b : bin) sum += b.p;
  return sum / static_cast<double>(bin.size());
}

double squared_error_debiased(std::span<const LabelledBelief> beliefs) {
  const std::vector<LabelledBelief> sorted = sorted_by_p(beliefs);
  double sum = 0.0;
  for (const auto bin : bins_of(sorted)) {
    if (bin.size() < 2) continue;
    const double truth = mean_truth(bin);
    const auto size = static_cast<double>(bin.size());
    sum +=
        size / static_cast<double>(sorted.size()) * (squared(mean_p(bin) - truth) - truth * (1 - truth) / (size - 1));
  }
  return sum;
}

double binned_error(std::span<const LabelledBelief> sorted) {
  double sum = 0.0;
  for (const auto bin : bins_of(sorted)) {
    sum +=
        static_cast<double>(bin.size()) / static_cast<double>(sorted.size()) * std::abs(mean_p(bin) - mean_truth(bin));
  }
  return sum;
}

// What a calibrated forecaster could have shown: beliefs drawn with replacement, each true as often as it says.
std::vector<LabelledBelief> calibrated_resample(std::span<const LabelledBelief> beliefs, Rng& rng) {
  std::vector<LabelledBelief> drawn;
  drawn.reserve(beliefs.size());
  for (std::size_t i = 0; i < beliefs.size(); ++i) drawn.push_back(beliefs[rng.below(beliefs.size())]);
  for (LabelledBelief& b : drawn) b.is_true = rng.unit() < b.p;
  return drawn;
}

struct Pool {
  double low, high, truths;
  std::size_t count;
  double rate() const { return truths / static_cast<double>(count); }
};

// Pool adjacent violators: rates must rise, so a pool that is not above the one before it is merged into it. The pools
// are in ascending order.
std::vector<CorpStep> isotonic_fit(std::span<const Pool> pools) {
  std::vector<Pool> fit;
  for (const Pool& pool : pools) {
    fit.push_back(pool);
    while (fit.size() > 1 && fit[fit.size() - 2].rate() >= fit.back().rate()) {
      const Pool last = fit.back();
      fit.pop_back();
      fit.back() = {fit.back().low, last.high, fit.back().truths + last.truths, fit.back().count + last.count};
    }
  }

  std::vector<CorpStep> curve;
  for (const Pool& pool : fit) curve.push_back({pool.low, pool.high, pool.rate(), pool.count});
  return curve;
}

// The curves of resamples that calibrated_resample() would draw. The beliefs are sorted once, and a resample is counted
// by probability: of 10,000 beliefs a curve then takes a tenth of the time.
class ResampledCurves {
 public:
  explicit ResampledCurves(std::span<const LabelledBelief> beliefs) : ranks_(beliefs.size()), drawn_(beliefs.size()) {
    std::vector<std::size_t> order(beliefs.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return beliefs[i].p; });
    for (const std::size_t i : order) {
      if (all_.empty() || all_.back().high != beliefs[i].p) all_.push_back({beliefs[i].p, beliefs[i].p, 0, 0});
      ranks_[i] = all_.size() - 1;
    }
  }

  std::vector<CorpStep> next(Rng& rng) {
    for (Pool& pool : all_) pool = {pool.low, pool.high, 0, 0};
    for (std::size_t& rank : drawn_) rank = ranks_[rng.below(ranks_.size())];
    for (const std::size_t rank : drawn_) {
      Pool& pool = all_[rank];
      ++pool.count;
      if (rng.unit() < pool.low) ++pool.truths;
    }

    std::vector<Pool> pools;
    std::ranges::copy_if(all_, std::back_inserter(pools), [](const Pool& pool) { return pool.count > 0; });
    return isotonic_fit(pools);
  }

 private:
  std::vector<Pool> all_;           // one for each different probability, ascending
  std::vector<std::size_t> ranks_;  // by belief: its pool
  std::vector<std::size_t> drawn_;
};

}  // namespace

std::vector<CorpStep> corp_curve(std::span<const LabelledBelief> beliefs) {
  // Equal probabilities are pooled first, because the curve has one rate for each probability.
  std::vector<Pool> pools;
  for (const LabelledBelief& b : sorted_by_p(beliefs)) {
    const double truth = b.is_true ? 1 : 0;
    if (!pools.empty() && pools.back().high == b.p) {
      pools.back().truths += truth;
      ++pools.back().count;
    } else {
      pools.push_back({b.p, b.p, truth, 1});
    }
  }
  return isotonic_fit(pools);
}

double rate_at(std::span<const CorpStep> curve, double p) {
  const auto after = std::ranges::find_if(curve, [&](const CorpStep& step) { return step.low > p; });
  if (after == curve.begin()) return curve.front().rate;
  const CorpStep& before = *std::prev(after);
  if (p <= before.high || after == curve.end()) return before.rate;
  return before.rate + (after->rate - before.rate) * (p - before.high) / (after->low - before.high);
}

CalibrationScores calibration_scores(std::span<const LabelledBelief> beliefs) {
  require_beliefs(beliefs);
  const double brier = brier_of(beliefs);
  const double of_fit = brier_of_fit(corp_curve(beliefs), beliefs.size());
  const double base = mean_truth(beliefs);
  const double uncertainty = base * (1 - base);
  return {.brier = brier,
          .log_score = log_score_of(beliefs),
          .miscalibration = brier - of_fit,
          .discrimination = uncertainty - of_fit,
          .uncertainty = uncertainty,
          .spiegelhalter_z = spiegelhalter_z(beliefs),
          .squared_error_debiased = squared_error_debiased(beliefs)};
}

ConsistencyBand consistency_band(std::span<const LabelledBelief> beliefs, std::span<const double> places,
                                 std::uint64_t seed) {
  require_beliefs(beliefs);
  Rng rng(seed);
  ResampledCurves curves(beliefs);
  std::vector<std::vector<double>> rates(places.size());
  for (int i = 0; i < kBandResamples; ++i) {
    const auto curve = curves.next(rng);
    for (std::size_t k = 0; k < places.size(); ++k) rates[k].push_back(rate_at(curve, places[k]));
  }
  ConsistencyBand band;
  for (auto& at : rates) {
    std::ranges::sort(at);
    band.low.push_back(quantile(at, 0.025));
    band.high.push_back(quantile(at, 0.975));
  }
  return band;
}

ExcessError excess_calibration_error(std::span<const LabelledBelief> beliefs, std::uint64_t seed) {
  require_beliefs(beliefs);
  Rng rng(seed);
  double by_chance = 0.0;
  for (int i = 0; i < kBandResamples; ++i) by_chance += binned_error(sorted_by_p(calibrated_resample(beliefs, rng)));
  return {.observed = binned_error(sorted_by_p(beliefs)), .by_chance = by_chance / kBandResamples};
}

std::vector<LabelledBelief> cross_fitted(std::span<const LabelledBelief> beliefs, std::uint64_t seed) {
  require_beliefs(beliefs);
  if (beliefs.size() < 2 * kCrossFitFolds)
    throw Error(ErrorKind::bad_input,
                fmt::format("{} labels are too few for a recalibration map; at least {} are needed", beliefs.size(),
                            2 * kCrossFitFolds));

  std::vector<int> order(beliefs.size());
  std::iota(order.begin(), order.end(), 0);
  Rng rng(seed);
  shuffle(order, rng);

  // Each belief is mapped by a curve fitted without its fold: on its own data a fit looks too good.
  std::vector<LabelledBelief> mapped(beliefs.begin(), beliefs.end());
  for (std::size_t fold = 0; fold < kCrossFitFolds; ++fold) {
    std::vector<LabelledBelief> others;
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (i % kCrossFitFolds != fold) others.push_back(beliefs[static_cast<std::size_t>(order[i])]);
    }
    const auto curve = corp_curve(others);
    for (std::size_t i = fold; i < order.size(); i += kCrossFitFolds) {
      LabelledBelief& b = mapped[static_cast<std::size_t>(order[i])];
      b.p = std::clamp(rate_at(curve, b.p), kLogScoreClamp, 1 - kLogScoreClamp);
    }
  }

  return mapped;
}

}  // namespace heretix
