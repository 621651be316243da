// Where the spread of a claim's answers comes from, as shares, and which question is the cheapest to ask next.
// Formulas, simulation and limits: docs/variance.md. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "belief/record/record.hpp"
#include "belief/stats/components.hpp"
#include "report/document.hpp"

namespace heretix {

struct VarianceComponent {
  std::string source;  // "wording", "replicate", "model", "day", "wording and replicate", "interactions"
  double variance;     // of one answer, in squared log-odds, >= 0
  double share;        // share of the sum, in [0, 1]; 0 if the sum is 0
};

// How far one more answer, spent in this way, would reduce the variance of the estimate.
struct NextQuestion {
  std::string what;                // "another wording, asked once"
  double variance_after;           // of the estimate
  double answers;                  // what it costs, in answers
  bool needs_new_wording = false;  // the bank has none left
};

struct VarianceReport {
  std::string claim;
  std::vector<ExecutionId> executions;
  std::vector<ModelName> models;
  std::vector<std::string> days;
  std::size_t templates = 0, answers = 0;  // templates shared by all runs; answers over all runs
  std::vector<VarianceComponent> components;
  double estimate_variance = 0;          // of one run's centre, over wordings and replicates
  std::optional<int> best_replicates{};  // empty if replicates were not measured
  std::vector<NextQuestion> next;        // largest gain for each answer first
};

// The records are of one claim: a single one, or one for each model on each day. `wording_cost` is what a further
// wording costs beyond its answers, in answers, >= 0. Throws Error{bad_input} for several claims, for runs that do not
// cross, and for a single template.
VarianceReport variance_report(const std::vector<Record>& records, double wording_cost);

Document to_document(const VarianceReport& report);
nlohmann::json to_json(const VarianceReport& report);  // format "heretix_variance", version 1

}  // namespace heretix
