// Where the spread of answers comes from: wording, replicate, model, day; and what to ask next.
//
// One-way analysis of variance on logits for a single run; for several runs of one claim a crossed one over the
// templates that all of them asked. Formulas: docs/variance.md; checked against tests/golden/statistics.json.
// Source: Searle, Casella & McCulloch, "Variance Components" (1992), ch. 3 and 4. Pure, thread-safe.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/belief.hpp"

namespace heretix {

inline constexpr int kMostReplicatesAdvised = 8;

// All in squared log-odds.
struct WordingVariance {
  double wording;                   // tau^2 >= 0, between templates
  std::optional<double> replicate;  // sigma^2 of one answer; empty where no template has two
  std::optional<double> means;      // s^2 of the template means; empty for a single template
  double harmonic_replicates;       // R_h = T / sum(1/R_k)
};

// `groups`: the logits of each template, none empty. Throws Error{bad_input} for none.
WordingVariance wording_variance(std::span<const std::vector<double>> groups);

// The number of replicates that makes the mean most precise for its cost: the better of floor(R*) and the next number,
// within 1..8. Both costs are > 0 and in the same unit: the cost of a further wording without its answers, and the cost
// of one answer.
int best_replicates(double wording, double replicate, double wording_cost, double answer_cost);

// One run's template means, in log-odds, in the same template order as its fellows'.
struct CrossedRun {
  int model = 0;  // numbered from 0
  int day = 0;
  std::vector<double> means;
};

// Squared log-odds, none below 0: negative estimates count as 0. A factor with one level is empty.
struct CrossedVariance {
  std::optional<double> wording, model, day;
  double rest;  // of a template mean: interactions, and what replicates leave
};

// Throws Error{bad_input} where the runs are not one for each model on each day, or share fewer than two templates.
CrossedVariance crossed_variance(std::span<const CrossedRun> runs);

}  // namespace heretix
