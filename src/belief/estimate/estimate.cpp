#include "belief/estimate/estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "base/word_table.hpp"
#include "belief/estimate/draw_limit.hpp"
#include "belief/estimate/resampler.hpp"

namespace heretix {
namespace {

constexpr double kTail = 0.025;  // share of draws outside each end of a 95 % interval
constexpr double kSpreadScale = 0.2;
constexpr double kSpreadPower = 1.7;
constexpr WordTable<StabilityBand, 3> kBandWords({{StabilityBand::low, "low"},
                                                  {StabilityBand::medium, "medium"},
                                                  {StabilityBand::high, "high"}});

// NumPy's linear interpolation, which starts from the nearer neighbour, so that the rounding agrees.
double interpolated(double below, double above, double share) {
  return share < 0.5 ? below + (above - below) * share : above - (above - below) * (1.0 - share);
}

// The order of `values` is not kept: selecting two order statistics is cheaper than sorting them all.
double percentile(std::span<double> values, double q) {
  const double position = static_cast<double>(values.size() - 1) * q;
  const auto below = static_cast<std::size_t>(position);
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(values.begin(), at, values.end());
  const double above = below + 1 < values.size() ? *std::min_element(at + 1, values.end()) : *at;
  return interpolated(*at, above, position - static_cast<double>(below));
}

void require_valid(std::span<const TemplateLogits> templates, const Bootstrap& bootstrap) {
  if (templates.empty()) throw Error(ErrorKind::bad_input, "no template has a usable answer");
  if (std::ranges::any_of(templates, [](const TemplateLogits& t) { return t.logits.empty(); })) {
    throw Error(ErrorKind::bad_input, "a template without answers cannot be weighed");
  }
  if (bootstrap.draws < 1 || bootstrap.draws > kMaxBootstrapDraws) {
    throw Error(ErrorKind::bad_input, fmt::format("{} bootstrap draws were asked for; the number must be from 1 to {}",
                                                  bootstrap.draws, kMaxBootstrapDraws));
  }
  if (!(bootstrap.trim >= 0.0 && bootstrap.trim < 0.5)) {
    throw Error(ErrorKind::bad_input, fmt::format("trim {} is outside [0, 0.5)", bootstrap.trim));
  }
  if (bootstrap.fixed_m == std::size_t{0}) throw Error(ErrorKind::bad_input, "fixed_m is 0; it must be at least 1");
}

double imbalance_of(const std::vector<std::size_t>& counts) {
  const auto [least, most] = std::ranges::minmax(counts);
  return static_cast<double>(most) / static_cast<double>(least);
}

}  // namespace

std::string_view method_of(Center center) {
  return center == Center::trimmed ? kMethod : kMethod.substr(0, kMethod.rfind('_'));
}

double stability_of(double spread_logit) {
  return 1.0 / (1.0 + std::pow(std::max(spread_logit, 0.0) / kSpreadScale, kSpreadPower));
}

StabilityBand stability_band(double spread_logit) {
  if (spread_logit <= 0.05) return StabilityBand::high;
  return spread_logit <= 0.30 ? StabilityBand::medium : StabilityBand::low;
}

std::string_view to_word(StabilityBand band) { return kBandWords.word(band); }

Estimate estimate(std::span<const TemplateLogits> templates, const Bootstrap& bootstrap) {
  require_valid(templates, bootstrap);
  Resampler resampler(templates, bootstrap);
  std::vector<double> means = resampler.template_means();
  const double center = resampler.center_of(means);

  Rng rng(bootstrap.seed);
  std::vector<double> centers = resampler.centers(rng);

  // A skewed set of draws can leave the centre outside its percentiles; the interval always holds it.
  const Logit low{std::min(percentile(centers, kTail), center)};
  const Logit high{std::max(percentile(centers, 1.0 - kTail), center)};

  const double spread = percentile(means, 0.75) - percentile(means, 0.25);

  std::vector<std::size_t> counts;
  for (const TemplateLogits& t : templates) counts.push_back(t.logits.size());

  return {.center = Logit{center},
          .low = low,
          .high = high,
          .p = to_probability(Logit{center}),
          .ci95 = {to_probability(low), to_probability(high)},
          .spread_logit = spread,
          .stability = stability_of(spread),
          .imbalance = imbalance_of(counts),
          .counts = counts};
}

BootstrapTrace trace_bootstrap(std::span<const TemplateLogits> templates, const Bootstrap& bootstrap,
                               std::size_t draws_to_keep) {
  require_valid(templates, bootstrap);
  Resampler resampler(templates, bootstrap);
  BootstrapTrace trace{.template_means = resampler.template_means(),
                       .first_draws = {},
                       .centers = {},
                       .raw_low = 0,
                       .raw_high = 0,
                       .after = Rng(bootstrap.seed)};
  Rng rehearsal(bootstrap.seed);
  for (std::size_t i = 0; i < std::min(draws_to_keep, static_cast<std::size_t>(bootstrap.draws)); ++i) {
    trace.first_draws.push_back(resampler.draw(rehearsal));
  }
  trace.centers = resampler.centers(trace.after);
  std::vector<double> scratch = trace.centers;
  trace.raw_low = percentile(scratch, kTail);
  trace.raw_high = percentile(scratch, 1.0 - kTail);
  return trace;
}

}  // namespace heretix
