// Decisions: beliefs are drawn, stated about a claim and its negation with a tendency to say yes, rounded, and measured
// by the functions of a check.
#include <algorithm>
#include <cmath>

#include "base/resolution.hpp"
#include "belief/record/decision_facts.hpp"
#include "belief/stats/honest.hpp"
#include "belief/stats/moments.hpp"
#include "studies/simulate/counted.hpp"
#include "studies/simulate/laws.hpp"
#include "studies/simulate/rows.hpp"
#include "studies/simulate/study.hpp"

namespace heretix {
namespace {

constexpr double kServiceBound = 0.01;       // a service's own: its numbers lie in [0.01, 0.99]
constexpr int kMeasuredPerPopulation = 50;   // of a claim whose aim is itself drawn
constexpr std::size_t kPopulation = 20'000;  // wordings, of which that aim is the centre
constexpr double kUsualStep = 0.01;          // above it the numbers of one run often do not show their step

// How a service states a probability.
struct Stating {
  const char* name;
  double step;      // rounded to; 0: not at all
  bool is_bounded;  // by kServiceBound

  double stated(double p) const {
    return rounded(is_bounded ? std::clamp(p, kServiceBound, 1 - kServiceBound) : p, step);
  }
};
constexpr std::array kStatings = {Stating{"none", 0, false},    Stating{"0.001", 0.001, false},
                                  Stating{"0.01", 0.01, false}, Stating{"0.05", 0.05, false},
                                  Stating{"0.1", 0.1, false},   Stating{"within [0.01, 0.99]", 0, true}};

struct DecisionCell {
  Stating stating;
  std::size_t wordings;
  Law law;
  bool is_certain;  // beliefs of 2 to 5 in log-odds to either side, else between -2 and 2
  bool is_close;    // wordings that differ by 0.05 to 0.2, else by 0.2 to 1
};

// In log-odds.
struct DrawnSides {
  double belief, spread, yes_bias;
};

DrawnSides drawn_claim(const DecisionCell& cell, Rng& rng) {
  DrawnSides claim{.belief = 4 * rng.unit() - 2, .spread = 0.2 + 0.8 * rng.unit(), .yes_bias = 4 * rng.unit() - 2};
  if (cell.is_certain) claim.belief = std::copysign(2 + 1.5 * std::abs(claim.belief), claim.belief);
  if (cell.is_close) claim.spread = 0.05 + 0.15 * rng.unit();
  return claim;
}

// A wording moves the half-difference by the law, and the tendency to say yes by half as much.
StatedSides drawn_sides(const DecisionCell& cell, const DrawnSides& claim, Rng& rng) {
  const double belief = claim.belief + claim.spread * (draw(cell.law, rng) - trimmed_aim(cell.law, cell.wordings));
  const double bias = claim.yes_bias + 0.5 * claim.spread * normal_draw(rng);
  return {.claim = cell.stating.stated(sigmoid(bias + belief)),
          .negation = cell.stating.stated(sigmoid(bias - belief))};
}

std::vector<StatedSides> drawn_run(const DecisionCell& cell, const DrawnSides& claim, Rng& rng) {
  std::vector<StatedSides> sides;
  for (std::size_t k = 0; k < cell.wordings; ++k) sides.push_back(drawn_sides(cell, claim, rng));
  return sides;
}

// What the intervals have to hold, in log-odds.
struct Aim {
  double belief, yes_bias;
};

// The centre of all wordings' values, with the same share left out at each end as a run leaves out.
double trimmed_like_a_run(std::vector<double> values, std::size_t wordings) {
  std::ranges::sort(values);
  const std::size_t trimmed = values.size() * (wordings / 5) / wordings;
  return mean_left_to_right(std::span(values).subspan(trimmed, values.size() - 2 * trimmed));
}

// What was rounded aims at the unrounded belief; what a service holds within bounds of its own aims at what it holds.
Aim aim_of(const DecisionCell& cell, const DrawnSides& claim, Rng& rng) {
  if (!cell.stating.is_bounded) return {claim.belief, claim.yes_bias};
  std::vector<double> beliefs, biases;
  for (std::size_t k = 0; k < kPopulation; ++k) {
    const StatedSides sides = drawn_sides(cell, claim, rng);
    beliefs.push_back(sides.belief_logit());
    biases.push_back(sides.yes_bias());
  }
  return {trimmed_like_a_run(std::move(beliefs), cell.wordings), trimmed_like_a_run(std::move(biases), cell.wordings)};
}

// As a run finds it, over the numbers of both sides.
double found_step(const std::vector<StatedSides>& sides) {
  std::vector<double> numbers;
  for (const StatedSides& one : sides) {
    numbers.push_back(one.claim);
    numbers.push_back(one.negation.value());
  }
  return step_of(numbers);
}

struct Counts {
  int belief = 0, yes_bias = 0;
  double width = 0;
};

void measure(std::vector<StatedSides> sides, double step, const Aim& aim, double scale, Counts& counts) {
  constexpr double kSameNumber = 1e-9;  // where all wordings say the same bound, the interval is that number
  std::vector<std::vector<Probability>> groups;
  for (StatedSides& one : sides) {
    one.step = step;
    groups.push_back({to_probability(Logit{one.belief_logit()})});
  }
  const HonestInterval found = honest_interval(
      groups, {.level = Level::p95, .frozen = std::nullopt, .scale = scale, .rounding = known_rounding(sides)});
  const Interval& interval = found.bounds->no_hull;
  const double p = sigmoid(aim.belief);
  counts.width += interval.width();
  if (interval.low.value() - kSameNumber <= p && p <= interval.high.value() + kSameNumber) ++counts.belief;

  const CenteredInterval bias = yes_bias_of(sides);
  if (*bias.low - kSameNumber <= aim.yes_bias && aim.yes_bias <= *bias.high + kSameNumber) ++counts.yes_bias;
}

StudyRow decision_row(const DecisionCell& cell, Rng rng, const StudyOptions& options) {
  Counts by_found_step, by_known_step;
  const double scale = options.scale_factor * honest_scale(Level::p95, cell.wordings);
  DrawnSides claim{};
  Aim aim{};
  for (int i = 0; i < options.runs; ++i) {
    if (!cell.stating.is_bounded || i % kMeasuredPerPopulation == 0) {
      claim = drawn_claim(cell, rng);
      aim = aim_of(cell, claim, rng);
    }
    const std::vector<StatedSides> sides = drawn_run(cell, claim, rng);
    measure(sides, found_step(sides), aim, scale, by_found_step);
    measure(sides, cell.stating.step, aim, scale, by_known_step);
  }

  const auto share = [&](int count) { return static_cast<double>(count) / options.runs; };
  const bool is_coarse = cell.stating.step > kUsualStep;
  const Counts& judged = is_coarse ? by_known_step : by_found_step;
  return {
      .cells = {cell.stating.name, cell.is_certain ? "2 to 5" : "up to 2", cell.is_close ? "0.05 to 0.2" : "0.2 to 1",
                std::string(to_word(cell.law)), std::to_string(cell.wordings), percent(share(by_found_step.belief)),
                percent(share(by_known_step.belief)), fmt::format("{:.3f}", judged.width / options.runs),
                percent(share(judged.yes_bias))},
      .judged = share(judged.belief),
      .holds = is_covered(share(judged.belief), options.runs)};
}

}  // namespace

Study decision_study(const StudyOptions& options) {
  std::vector<DecisionCell> cells;
  for (const Stating& stating : kStatings) {
    for (const bool is_certain : {false, true}) {
      for (const bool is_close : {false, true}) {
        for (const Law law : {Law::normal, Law::exponential}) {
          for (const std::size_t wordings : {8U, 16U}) cells.push_back({stating, wordings, law, is_certain, is_close});
        }
      }
    }
  }
  return {
      .name = "decisions",
      .promise =
          "the 95 % honest interval of a decision without its hull holds the belief in at least 94 % of draws, in at "
          "least 97 % of the rows; for steps above 0.01 where the step is known",
      .header = {"rounding", "belief", "spread", "law", "wordings", "holds", "step known", "width", "yes-bias"},
      .rows = in_parallel(cells, "decisions", options, decision_row),
      .share_needed = 0.97};
}

}  // namespace heretix
