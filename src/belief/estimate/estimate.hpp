// What a set of answers says about a claim: one probability and a 95 % interval around it.
//
// Everything is averaged in log-odds, and every template weighs the same however many answers it got,
// so a chatty template cannot drag the result. The method is frozen: changing it changes published
// numbers, which needs a new kMethod and new golden files (docs/estimator.md).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/belief.hpp"
#include "belief/estimate/rng.hpp"

namespace heretix {

inline constexpr std::string_view kMethod = "equal_by_template_cluster_bootstrap_trimmed";
inline constexpr std::size_t kMinAnswers = 3;  // of a run; the estimator itself takes one or more
inline constexpr int kDefaultDraws = 5000;
inline constexpr double kTrim = 0.2;  // share of template means dropped at each end

// The usable answers to one template, in replicate order. Never empty.
struct TemplateLogits {
  std::string prompt_sha256;
  std::vector<Logit> logits;
};

enum class Center { trimmed, mean };
std::string_view method_of(Center center);  // kMethod for the trimmed centre, the product's only one

struct Bootstrap {
  std::uint64_t seed;         // no default: an interval that nobody can recompute is not a result
  int draws = kDefaultDraws;  // resamples; at least 1
  // The product leaves these as they are; the golden files vary them.
  Center center = Center::trimmed;
  double trim = kTrim;                   // in [0, 0.5)
  std::optional<std::size_t> fixed_m{};  // at most this many answers per chosen template
};

enum class StabilityBand { low, medium, high };

struct Estimate {
  Logit center;
  Logit low, high;                  // 95 % interval in log-odds; always contains center
  Probability p;                    // center as a probability
  Interval ci95;                    // low and high as probabilities
  double spread_logit;              // P75 - P25 of the template means, >= 0; 0 for a single template
  double stability;                 // in (0, 1]
  double imbalance;                 // largest / smallest number of answers of a template, >= 1
  std::vector<std::size_t> counts;  // answers by template, in the order given
};

// Deterministic: equal arguments give bit-equal log-odds on any platform with IEEE doubles; only the last
// bits of probabilities may differ with std::exp. Thread-safe: reads nothing but its arguments. Time grows
// with draws times answers. Templates come in plan order: permuting them changes the interval's draws.
// Throws Error{bad_input} for no template, an empty template, draws < 1 or trim outside [0, 0.5).
Estimate estimate(std::span<const TemplateLogits> templates, const Bootstrap& bootstrap);

// 1 / (1 + (spread / 0.2)^1.7), a negative spread counting as 0.
double stability_of(double spread_logit);
StabilityBand stability_band(double spread_logit);
std::string_view to_word(StabilityBand band);

// --- the steps, for whoever recomputes them one by one (selftest, tests) ---

// NumPy's pairwise sum: see docs/estimator.md, step 2.
double pairwise_sum(std::span<const double> values);

struct Draw {
  std::vector<std::uint32_t> templates;
  std::vector<std::vector<std::uint32_t>> indices;  // by chosen template
};

struct BootstrapTrace {
  std::vector<double> template_means;
  std::vector<Draw> first_draws;  // as many as asked for
  std::vector<double> centers;    // all of them, in draw order
  double raw_low, raw_high;       // percentiles before they are widened to hold the centre
  Rng after;
};

BootstrapTrace trace_bootstrap(std::span<const TemplateLogits> templates, const Bootstrap& bootstrap,
                               std::size_t draws_to_keep);

}  // namespace heretix
