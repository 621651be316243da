// Simulates what the statistics promise: claims whose belief is known are drawn, measured by the product's own
// functions, and counted. Studies are seeded: the same study gives the same numbers on any number of threads. What each
// one draws, and its tables: docs/statistics.md.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "report/document.hpp"

namespace heretix {

struct StudyOptions {
  std::uint64_t seed;         // no default: a table that nobody can recompute is not a result
  int runs = 20'000;          // draws for each row
  unsigned threads = 1;       // at least 1
  double scale_factor = 1.0;  // of the interval's constants; tests shrink them to see a study fail
  std::function<void(std::size_t done, std::size_t all)> progress = [](std::size_t, std::size_t) {
  };  // called from any thread, one at a time
};

// A row of a study: its columns as text, and the number it is judged by.
struct StudyRow {
  std::vector<std::string> cells;
  double judged;
  bool holds;  // keeps the promise, within two standard errors of the simulation
};

// Lines of as many cells as the header has.
struct StudyTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

struct Study {
  std::string name, promise;  // in one sentence
  std::vector<std::string> header;
  std::vector<StudyRow> rows;
  double share_needed = 1.0;            // share of the rows that must hold
  double least = 0;                     // what every row must be judged by, held or not
  std::optional<StudyTable> summary{};  // shown in place of the rows, where these are too many to read

  std::size_t holding() const;
  bool holds() const;
  StudyTable shown() const;
};

// Coverage of the 95 % intervals over a grid of templates, laws and rounding: the honest interval without its hull
// (which must hold at least 94 % in 99 % of the rows) beside the frozen one.
Study coverage_study(const StudyOptions& options);

// The ladder: how often it stops for each reason, and how often its interval holds the belief (at least 94 %).
Study stopping_study(const StudyOptions& options);

// Runs between false alarms (at least 0.9 of what is promised, to allow for the noise of the simulation) and runs until
// a shift is seen. `runs` counts watches; each is followed for up to 4,000 checks.
Study drift_study(const StudyOptions& options);

// For calibrated forecasters, how often Z and the band raise a false alarm (at most 7 %); for overconfident ones, how
// often Z sees it.
Study calibration_study(const StudyOptions& options);

// For coherent beliefs, how often a negation is called incoherent (at most 6 %) and how often coherent; for incoherent
// ones, how often that is seen.
Study coherence_study(const StudyOptions& options);

// For decisions, by how a service rounds or bounds its numbers: how often the honest interval holds the belief, and
// that of the yes-bias its own value (at least 94 % in 97 % of the rows), both with the step that the run finds and
// with the true step.
Study decision_study(const StudyOptions& options);

// Coverage of the belief_v2 interval over 2,400 drawn scenarios of skew, heavy tails, rounding, and zeros and ones (at
// least 94 % in 99 % of them, and 93 % in each). docs/statistics.md shows a summary; the JSON holds every scenario.
Study belief_study(const StudyOptions& options);

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
