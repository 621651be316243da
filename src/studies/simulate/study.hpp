// Simulation of what the statistics promise: claims whose belief is known are drawn, measured by the product's own
// functions, and counted. Seeded: the same study gives the same numbers on any number of threads. What each one draws,
// and its tables: docs/statistics.md.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "report/document.hpp"

namespace heretix {

struct StudyOptions {
  std::uint64_t seed;         // no default: a table that nobody can recompute is not a result
  int runs = 20'000;          // drawn for each row
  unsigned threads = 1;       // at least 1
  double scale_factor = 1.0;  // of the interval's constants: the tests shrink them and see it
  std::function<void(std::size_t done, std::size_t all)> progress = [](std::size_t, std::size_t) {
  };  // from any thread, one at a time
};

// A row of a study: its columns as text, and the number it is judged by.
struct StudyRow {
  std::vector<std::string> cells;
  double judged;
  bool holds;  // what was promised, but for two standard errors of the simulation
};

struct Study {
  std::string name, promise;  // in one sentence
  std::vector<std::string> header;
  std::vector<StudyRow> rows;
  double share_needed = 1.0;  // of rows that must hold
  std::size_t holding() const;
  bool holds() const { return static_cast<double>(holding()) >= share_needed * static_cast<double>(rows.size()); }
};

// Coverage of the 95 % intervals over a grid of templates, laws and rounding: honest without its hull (judged: at least
// 94 % in 99 % of the rows) beside the frozen one.
Study coverage_study(const StudyOptions& options);

// The ladder: how often it stops where, and how often its interval holds the belief (at least 94 %).
Study stopping_study(const StudyOptions& options);

// Runs between false alarms (at least 0.9 of what is promised, for the noise of the simulation) and runs until a shift
// is seen. `runs` counts watches; each is followed for up to 4,000 checks.
Study drift_study(const StudyOptions& options);

// Calibrated forecasters: how often Z, and the band, raise a false alarm (at most 7 %); overconfident ones: how often Z
// sees it.
Study calibration_study(const StudyOptions& options);

// Coherent beliefs: how often a negation is called incoherent (at most 6 %) and how often coherent; incoherent ones:
// how often seen.
Study coherence_study(const StudyOptions& options);

// Decisions, by how a service rounds or bounds its numbers: how often the honest interval holds the belief and the
// yes-bias its own (at least 94 % in 97 % of the rows), with the step that the run finds and with the one that there
// is.
Study decision_study(const StudyOptions& options);

// Every study, by name.
struct NamedStudy {
  std::string name;
  Study (*run)(const StudyOptions&);
  int default_runs;
};
const std::vector<NamedStudy>& studies();

Document to_document(const Study& study, const StudyOptions& options);
std::string to_markdown(const Study& study, const StudyOptions& options);

}  // namespace heretix
