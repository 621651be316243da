// belief_v2: answers are drawn around a belief, some of them replaced by a plain 0 or 1, rounded, and measured. The
// interval has to hold the belief of the population of wordings at that resolution.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/resolution.hpp"
#include "belief/stats/belief_v2.hpp"
#include "belief/stats/moments.hpp"
#include "studies/simulate/counted.hpp"
#include "studies/simulate/laws.hpp"
#include "studies/simulate/rows.hpp"
#include "studies/simulate/study.hpp"

namespace heretix {
namespace {

constexpr std::size_t kScenarios = 2'400;
constexpr std::array kGrids = {0.01, 0.05, 0.1};
constexpr double kMostPlain = 0.10;      // share of the answers that are a plain 0 or 1
constexpr double kWorstCoverage = 0.93;  // promised for every scenario

// How the wordings of one scenario answer.
struct Scenario {
  Law law = Law::normal;
  bool is_mirrored = false;  // a skewed law leans to the other side
  std::size_t templates = 5;
  double grid = 0.01;
  double plain = 0;  // share of the answers that are replaced by 0 or 1
  double ones = 0;   // share of the ones among these
};

// In log-odds.
struct Claim {
  double belief, spread;
};

// The scenarios follow from the seed alone. Half of them have plain answers.
std::vector<Scenario> drawn_scenarios(std::uint64_t seed) {
  Rng rng(first_eight_bytes(sha256(fmt::format("RPL-SIMULATE|belief scenarios|{}", seed))));
  std::vector<Scenario> scenarios;
  for (std::size_t i = 0; i < kScenarios; ++i) {
    Scenario s{.law = kLaws.at(rng.below(kLaws.size()))};
    s.is_mirrored = rng.below(2) == 1;
    s.templates = 5 + rng.below(12);
    s.grid = kGrids.at(rng.below(kGrids.size()));
    if (rng.below(2) == 1) s.plain = kMostPlain * rng.unit();
    s.ones = rng.unit();
    scenarios.push_back(s);
  }
  return scenarios;
}

// The population of wordings: which numbers they answer, in steps of the grid, and how often.
class Population {
 public:
  explicit Population(const Scenario& scenario)
      : scenario_(scenario), aim_(trimmed_aim(scenario.law, scenario.templates)) {
    const auto steps = static_cast<int>(std::lround(1 / scenario.grid));
    for (int i = 0; i <= steps; ++i) {
      const Probability p{static_cast<double>(i) / steps};
      points_.push_back(read_as_written(p, 2));
      if (i < steps) edges_.push_back(log_odds((i + 0.5) / steps));
    }
  }

  NumberRead answer(const Claim& claim, Rng& rng) const {
    if (rng.unit() < scenario_.plain) return rng.unit() < scenario_.ones ? points_.back() : points_.front();
    const double drawn = sign() * (draw(scenario_.law, rng) - aim_);
    const double p = sigmoid(claim.belief + claim.spread * drawn);
    const auto last = static_cast<double>(points_.size() - 1);
    return points_[static_cast<std::size_t>(std::floor(p * last + 0.5))];
  }

  // The mean of the values read, in log-odds, without the share that the centre leaves out at each end.
  double trimmed_mean(const Claim& claim) const {
    const std::size_t trimmed = scenario_.templates / 5;
    const double left_out = static_cast<double>(trimmed) / static_cast<double>(scenario_.templates);
    double below = 0, sum = 0;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const double up_to = i + 1 == points_.size() ? 1.0 : share_up_to(i, claim);
      const double kept = std::min(up_to, 1 - left_out) - std::max(below, left_out);
      if (kept > 0) sum += kept * points_[i].value.value();
      below = up_to;
    }
    return sum / (1 - 2 * left_out);
  }

 private:
  static double log_odds(double p) { return std::log(p / (1 - p)); }
  double sign() const { return scenario_.is_mirrored ? -1 : 1; }

  // The share of the answers that are at most points_[i], which is not the last one.
  double share_up_to(std::size_t i, const Claim& claim) const {
    const double drawn = (edges_[i] - claim.belief) / claim.spread;
    const double below =
        scenario_.is_mirrored ? 1 - share_below(scenario_.law, aim_ - drawn) : share_below(scenario_.law, aim_ + drawn);
    return (1 - scenario_.plain) * below + scenario_.plain * (1 - scenario_.ones);
  }

  Scenario scenario_;
  double aim_;
  std::vector<NumberRead> points_;
  std::vector<double> edges_;  // in log-odds, between one point and the next
};

// To the last digits: where all wordings agree, the interval may be as narrow as the numbers that it is made of.
bool holds_it(const Interval& interval, double p) {
  return interval.low.value() - 1e-9 <= p && p <= interval.high.value() + 1e-9;
}

std::string plain_text(const Scenario& scenario) {
  if (scenario.plain == 0) return "none";
  return scenario.plain < kMostPlain / 2 ? "up to 5 %" : "5 to 10 %";
}

StudyRow belief_row(const Scenario& scenario, Rng rng, const StudyOptions& options) {
  const Population population(scenario);
  const BeliefOptions measured{.scale = options.scale_factor * honest_scale(Level::p95, scenario.templates)};
  int covered = 0;
  double width = 0;
  std::vector<std::vector<NumberRead>> groups(scenario.templates);
  for (int i = 0; i < options.runs; ++i) {
    const Claim claim{.belief = 4 * rng.unit() - 2, .spread = 0.2 + 0.8 * rng.unit()};
    for (auto& group : groups) group = {population.answer(claim, rng)};

    const Interval found = *belief_v2(groups, measured).interval();
    covered += holds_it(found, sigmoid(population.trimmed_mean(claim))) ? 1 : 0;
    width += found.width();
  }

  const double share = static_cast<double>(covered) / options.runs;
  const bool is_skewed = trimmed_aim(scenario.law, 5) != 0;
  return {.cells = {std::string(to_word(scenario.law)) + (is_skewed && scenario.is_mirrored ? ", mirrored" : ""),
                    fmt::format("{:g}", scenario.grid), plain_text(scenario), std::to_string(scenario.templates),
                    fmt::format("{:.2f} %", 100 * share), fmt::format("{:.3f}", width / options.runs)},
          .judged = share,
          .holds = is_covered(share, options.runs)};
}

// Over the numbers of templates.
StudyTable summary_of(const std::vector<StudyRow>& rows, const StudyOptions& options) {
  struct Sum {
    std::size_t all = 0, holding = 0;
    double worst = 1, mean = 0;
  };
  std::map<std::vector<std::string>, Sum> sums;
  for (const StudyRow& row : rows) {
    Sum& sum = sums[{row.cells[0], row.cells[1], row.cells[2]}];
    ++sum.all;
    if (row.judged >= kPromisedCoverage - two_errors(kPromisedCoverage, options.runs)) ++sum.holding;
    sum.worst = std::min(sum.worst, row.judged);
    sum.mean += row.judged;
  }

  StudyTable table{.header = {"law", "rounding", "zeros and ones", "scenarios", "at 94 %", "mean", "worst"},
                   .rows = {}};
  for (const auto& [key, sum] : sums) {
    std::vector<std::string> cells = key;
    cells.push_back(std::to_string(sum.all));
    cells.push_back(std::to_string(sum.holding));
    cells.push_back(percent(sum.mean / static_cast<double>(sum.all)));
    cells.push_back(percent(sum.worst));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

}  // namespace

Study belief_study(const StudyOptions& options) {
  Study study{
      .name = "belief",
      .promise =
          "the 95 % interval of belief_v2 holds the belief in at least 94 % of draws, in at least 99 % of 2,400 "
          "scenarios, and in none of them in less than 93 %",
      .header = {"law", "rounding", "zeros and ones", "templates", "holds", "width"},
      .rows = in_parallel(drawn_scenarios(options.seed), "belief", options, belief_row),
      .share_needed = 0.99,
      .least = kWorstCoverage - two_errors(kWorstCoverage, options.runs)};
  study.summary = summary_of(study.rows, options);
  return study;
}

}  // namespace heretix
