#include "studies/simulate/study.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/sha256.hpp"
#include "belief/estimate/estimate.hpp"
#include "belief/stats/calibration.hpp"
#include "belief/stats/drift.hpp"
#include "belief/stats/honest.hpp"
#include "belief/stats/ladder.hpp"
#include "belief/stats/moments.hpp"
#include "belief/stats/paired.hpp"
#include "studies/simulate/counted.hpp"
#include "studies/simulate/laws.hpp"
#include "studies/simulate/rows.hpp"

namespace heretix {
namespace {

constexpr int kFrozenDraws = 200;  // for the bootstrap of the frozen interval, which a study only shows
constexpr std::size_t kMostChecks = 4'000;

struct Cell {
  Law law;
  std::size_t templates;
  double grid;
};

std::vector<Cell> coverage_grid() {
  std::vector<Cell> cells;
  for (const Law law : kLaws) {
    for (const double grid : {0.0, 0.01, 0.05}) {
      for (std::size_t templates = 5; templates <= 16; ++templates) cells.push_back({law, templates, grid});
    }
  }
  return cells;
}

std::string grid_text(double grid) { return grid == 0 ? "none" : fmt::format("{:g}", grid); }

bool holds(const Interval& interval, double p) { return interval.low.value() <= p && p <= interval.high.value(); }

bool frozen_holds(const std::vector<std::vector<Probability>>& groups, double p, std::uint64_t seed) {
  std::vector<TemplateLogits> logits;
  for (const auto& group : groups) logits.push_back({.prompt_sha256 = {}, .logits = {to_logit(group[0])}});
  return holds(estimate(logits, {.seed = seed, .draws = kFrozenDraws}).ci95, p);
}

// Belief and spread differ from draw to draw, as they do between claims.
struct DrawnClaim {
  double center, spread;
};
DrawnClaim drawn_claim(Rng& rng) { return {.center = 4 * rng.unit() - 2, .spread = 0.2 + 0.8 * rng.unit()}; }

StudyRow coverage_row(const Cell& cell, Rng rng, const StudyOptions& options) {
  int covered = 0, frozen = 0, frozen_runs = 0;
  const double scale = options.scale_factor * honest_scale(Level::p95, cell.templates);
  for (int i = 0; i < options.runs; ++i) {
    const DrawnClaim claim = drawn_claim(rng);
    const auto groups = drawn_answers(cell.templates, cell.law, claim.center, claim.spread, cell.grid, rng);
    const double p = sigmoid(claim.center);
    const HonestInterval found = honest_interval(groups, {.level = Level::p95, .frozen = std::nullopt, .scale = scale});
    covered += holds(found.bounds->no_hull, p) ? 1 : 0;
    if (i % 20 != 0) continue;  // the bootstrap costs a hundred times as much
    frozen += frozen_holds(groups, p, rng.next64()) ? 1 : 0;
    ++frozen_runs;
  }
  const double share = static_cast<double>(covered) / options.runs;
  return {.cells = {std::string(to_word(cell.law)), grid_text(cell.grid), std::to_string(cell.templates),
                    fmt::format("{:.2f} %", 100 * share), percent(static_cast<double>(frozen) / frozen_runs)},
          .judged = share,
          .holds = is_covered(share, options.runs)};
}

struct LadderCell {
  Law law;
  double spread, unusable, target;
  LadderRule rule;
};

StudyRow stopping_row(const LadderCell& cell, Rng rng, const StudyOptions& options) {
  int covered = 0;
  std::array<int, 4> stops{};
  double asked = 0;

  for (int i = 0; i < options.runs; ++i) {
    const double center = 4 * rng.unit() - 2;
    std::vector<std::optional<NumberRead>> bank;
    for (const auto& group : drawn_answers(24, cell.law, center, cell.spread, 0.01, rng))
      bank.push_back(rng.unit() < cell.unusable ? std::nullopt : std::optional(read_as_written(group[0], 2)));

    const LadderTerms terms{.target = cell.target, .rule = cell.rule};
    std::size_t known = 0;
    Climb reached = climb({}, bank.size(), terms);
    while (!reached.stop) {
      known = reached.to_ask;
      reached = climb(std::span(bank).first(known), bank.size(), terms);
    }

    const HonestInterval& last = reached.rungs.back().judged_by(cell.rule);
    // The interval aims at the centre of as many templates as it has, not of all 24.
    const double aim = center + cell.spread * (trimmed_aim(cell.law, last.templates) - trimmed_aim(cell.law, 24));

    covered += holds(last.bounds->interval, sigmoid(aim)) ? 1 : 0;
    ++stops.at(static_cast<std::size_t>(*reached.stop));
    asked += static_cast<double>(known);
  }

  const double share = static_cast<double>(covered) / options.runs;
  std::vector<std::string> cells{std::string(to_word(cell.rule)),
                                 std::string(to_word(cell.law)),
                                 fmt::format("{:g}", cell.spread),
                                 percent(cell.unusable),
                                 fmt::format("{:g}", cell.target),
                                 percent(share),
                                 fmt::format("{:.1f}", asked / options.runs)};
  for (const int count : stops) cells.push_back(percent(static_cast<double>(count) / options.runs));
  return {.cells = std::move(cells), .judged = share, .holds = is_covered(share, options.runs)};
}

struct DriftCell {
  Law law;
  std::size_t baseline;
  double shift;  // in standard deviations of a run
};

std::size_t checks_until_alarm(const DriftCell& cell, Rng& rng) {
  std::vector<double> baseline;
  for (std::size_t i = 0; i < cell.baseline; ++i) baseline.push_back(draw(cell.law, rng));
  DriftDetector detector(baseline);
  for (std::size_t check = 1; check <= kMostChecks; ++check) {
    if (detector.add(draw(cell.law, rng) + cell.shift) >= 1 / kDriftAlpha) return check;
  }
  return kMostChecks;
}

StudyRow drift_row(const DriftCell& cell, Rng rng, const StudyOptions& options) {
  std::vector<double> checks;
  for (int i = 0; i < options.runs; ++i) checks.push_back(static_cast<double>(checks_until_alarm(cell, rng)));
  const double mean = mean_left_to_right(checks);
  const auto early = std::ranges::count_if(checks, [](double c) { return c <= 30; });
  std::ranges::sort(checks);
  const bool is_null = cell.shift == 0;
  return {.cells = {std::string(to_word(cell.law)), std::to_string(cell.baseline), fmt::format("{:g}", cell.shift),
                    fmt::format("{}{:.0f}", checks.back() >= static_cast<double>(kMostChecks) ? "at least " : "", mean),
                    fmt::format("{:.0f}", quantile(checks, 0.5)), percent(static_cast<double>(early) / options.runs)},
          .judged = mean,
          .holds = !is_null || mean >= 0.9 / kDriftAlpha};
}

struct CalibrationCell {
  std::size_t labels;
  double slope;  // 1: calibrated
};

StudyRow calibration_row(const CalibrationCell& cell, Rng rng, const StudyOptions& options) {
  int by_z = 0, worse = 0;
  double excess = 0;
  for (int i = 0; i < options.runs; ++i) {
    std::vector<LabelledBelief> beliefs;
    for (std::size_t k = 0; k < cell.labels; ++k) {
      const double p = sigmoid(2 * normal_draw(rng));
      beliefs.push_back({p, rng.unit() < 0.5 + cell.slope * (p - 0.5)});
    }
    const CalibrationScores s = calibration_scores(beliefs);
    by_z += std::abs(s.spiegelhalter_z) > 1.959963984540054 ? 1 : 0;
    excess += s.squared_error_debiased;
    worse += s.miscalibration > s.discrimination ? 1 : 0;
  }
  const double alarms = static_cast<double>(by_z) / options.runs;
  return {.cells = {std::to_string(cell.labels), fmt::format("{:g}", cell.slope), percent(alarms),
                    fmt::format("{:+.5f}", excess / options.runs), percent(static_cast<double>(worse) / options.runs)},
          .judged = alarms,
          .holds = cell.slope != 1 || is_rare(alarms, 0.07, options.runs)};
}

struct CoherenceCell {
  double leaning;  // towards yes, in log-odds
  double spread;
};

StudyRow coherence_row(const CoherenceCell& cell, Rng rng, const StudyOptions& options) {
  constexpr std::size_t kTemplates = 16;
  int broken = 0, coherent = 0;
  for (int i = 0; i < options.runs; ++i) {
    const double center = 4 * rng.unit() - 2;
    std::vector<double> sums, excess;
    for (std::size_t k = 0; k < kTemplates; ++k) {
      const double wording = cell.spread * normal_draw(rng);  // moves both sides
      const double m = center + cell.leaning + wording + 0.5 * cell.spread * normal_draw(rng);
      const double n = -center + cell.leaning - wording + 0.5 * cell.spread * normal_draw(rng);
      sums.push_back(m + n);
      excess.push_back(sigmoid(m) + sigmoid(n) - 1);
    }

    const CenteredInterval narrow = trimmed_spread_interval(excess, Level::p90);
    if (trimmed_spread_interval(sums).excludes_zero()) ++broken;
    else if (*narrow.low >= -0.05 && *narrow.high <= 0.05) ++coherent;
  }

  const double share = static_cast<double>(broken) / options.runs;
  return {.cells = {fmt::format("{:g}", cell.leaning), fmt::format("{:g}", cell.spread), percent(share),
                    percent(static_cast<double>(coherent) / options.runs),
                    percent(1 - share - static_cast<double>(coherent) / options.runs)},
          .judged = share,
          .holds = cell.leaning != 0 || is_rare(share, 0.06, options.runs)};
}

}  // namespace

std::size_t Study::holding() const { return static_cast<std::size_t>(std::ranges::count_if(rows, &StudyRow::holds)); }

bool Study::holds() const {
  const bool enough_hold = static_cast<double>(holding()) >= share_needed * static_cast<double>(rows.size());
  return enough_hold && std::ranges::all_of(rows, [&](const StudyRow& row) { return row.judged >= least; });
}

StudyTable Study::shown() const {
  if (summary) return *summary;
  StudyTable table{.header = header, .rows = {}};
  for (const StudyRow& row : rows) table.rows.push_back(row.cells);
  return table;
}

Study coverage_study(const StudyOptions& options) {
  return {.name = "coverage",
          .promise =
              "the 95 % honest interval without its hull holds the belief in at least 94 % of draws, in at least 99 % "
              "of the rows",
          .header = {"law", "rounding", "templates", "honest", "frozen"},
          .rows = in_parallel(coverage_grid(), "coverage", options, coverage_row),
          .share_needed = 0.99};
}

Study stopping_study(const StudyOptions& options) {
  std::vector<LadderCell> cells;
  for (const LadderRule rule : {LadderRule::honest_v1, LadderRule::belief_v2}) {
    for (const Law law : kLaws) {
      for (const double spread : {0.1, 0.3, 0.5, 0.8, 1.2}) cells.push_back({law, spread, 0.0, 0.20, rule});
      cells.push_back({law, 0.4, 0.3, 0.20, rule});
      cells.push_back({law, 0.4, 0.0, 0.10, rule});
    }
  }
  return {.name = "stopping",
          .promise = "the interval of a ladder holds the belief in at least 94 % of draws, wherever it stops",
          .header = {"rule", "law", "spread", "unusable", "target", "holds", "asked", "target met",
                     "limited by wording", "last rung", "templates spent"},
          .rows = in_parallel(cells, "stopping", options, stopping_row)};
}

Study drift_study(const StudyOptions& options) {
  std::vector<DriftCell> cells;
  for (const Law law : kLaws) {
    for (const std::size_t baseline : {10U, 20U}) {
      for (const double shift : {0.0, 1.0, 2.0, 3.0}) cells.push_back({law, baseline, shift});
    }
  }
  return {
      .name = "drift",
      .promise =
          "at least 400 checks between false alarms on average (shift 0; 0.9 of it allowed for the simulation's noise)",
      .header = {"law", "baseline runs", "shift (s.d.)", "mean checks to an alarm", "median", "within 30 checks"},
      .rows = in_parallel(cells, "drift", options, drift_row)};
}

Study calibration_study(const StudyOptions& options) {
  std::vector<CalibrationCell> cells;
  for (const std::size_t labels : {100U, 300U, 1000U}) {
    for (const double slope : {1.0, 0.8, 0.5}) cells.push_back({labels, slope});
  }
  return {.name = "calibration",
          .promise = "Spiegelhalter's Z beyond 1.96 in at most 7 % of calibrated forecasters (slope 1)",
          .header = {"labels", "slope of truth", "Z beyond 1.96", "mean debiased squared ECE",
                     "miscalibration above discrimination"},
          .rows = in_parallel(cells, "calibration", options, calibration_row)};
}

Study coherence_study(const StudyOptions& options) {
  std::vector<CoherenceCell> cells;
  for (const double leaning : {0.0, 0.2, 0.5, 1.0}) {
    for (const double spread : {0.1, 0.3, 0.8}) cells.push_back({leaning, spread});
  }
  return {.name = "coherence",
          .promise = "a coherent claim and negation (leaning 0) are called incoherent in at most 6 % of draws",
          .header = {"leaning", "spread", "incoherent", "coherent", "inconclusive"},
          .rows = in_parallel(cells, "coherence", options, coherence_row)};
}

const std::vector<NamedStudy>& studies() {
  static const std::vector<NamedStudy> all = {
      {"coverage", coverage_study, 40'000},      {"belief", belief_study, 10'000},
      {"stopping", stopping_study, 20'000},      {"drift", drift_study, 1'000},
      {"calibration", calibration_study, 4'000}, {"coherence", coherence_study, 20'000},
      {"decisions", decision_study, 20'000}};
  return all;
}

Document to_document(const Study& study, const StudyOptions& options) {
  Document document{.title = study.name, .blocks = {}};
  document.blocks.push_back(Paragraph{fmt::format("Promised: {}.", study.promise)});
  document.blocks.push_back(
      Paragraph{fmt::format("{}: {} of {} rows hold it; {} draws a row, seed {}.", study.holds() ? "Kept" : "BROKEN",
                            study.holding(), study.rows.size(), options.runs, options.seed)});
  StudyTable table = study.shown();
  document.blocks.push_back(DocumentTable{std::move(table.header), std::move(table.rows)});
  return document;
}

std::string to_markdown(const Study& study, const StudyOptions& options) {
  std::string text =
      fmt::format("Promised: {}. **{}**: {} of {} rows; {} draws a row, seed {}.\n\n|", study.promise,
                  study.holds() ? "Kept" : "BROKEN", study.holding(), study.rows.size(), options.runs, options.seed);
  const StudyTable table = study.shown();
  for (const std::string& name : table.header) text += fmt::format(" {} |", name);
  text += "\n|";
  for (std::size_t i = 0; i < table.header.size(); ++i) text += "---|";
  for (const auto& row : table.rows) {
    text += "\n|";
    for (const std::string& cell : row) text += fmt::format(" {} |", cell);
  }
  return text + "\n";
}

}  // namespace heretix
