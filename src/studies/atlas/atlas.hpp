// The atlas of a set: many claims by several models as one matrix, and what it says as a whole.
//
// It is made of plain rows, one for each claim and model, wherever they come from: a table that `heretix batch` wrote
// or the checks of a set in the service. Every probability is belief_v2. Formulas, sources and limits: docs/atlas.md.
// Pure, thread-safe.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/identity.hpp"
#include "base/money.hpp"
#include "belief/stats/calibration.hpp"
#include "belief/stats/crossed_components.hpp"
#include "belief/stats/mean_interval.hpp"
#include "report/calibration_blocks.hpp"

namespace heretix {

// One claim as one model answered it. Without p there is no belief, and `error` says why.
struct AtlasRow {
  std::string place{};  // "results.csv:3", for messages; may be empty
  std::string claim;
  ModelName model;
  std::string provider{};  // empty if it is not known
  std::optional<double> p{}, low{}, high{};
  std::optional<bool> is_stable{};  // empty without an interval
  std::vector<std::string> gates_failed{};
  std::optional<double> compliance{};
  std::size_t answers = 0, from_store = 0;
  Usd billed{};
  double seconds = 0;
  std::optional<ExecutionId> execution_id{};
  bool is_mock = false;
  std::string error{};
  std::vector<std::string> tags{};  // "trade", "topic: economics"; of the claim, so the same for every model
  std::optional<bool> truth{};      // likewise
};

// What the wordings of the executions said, in log-odds (M_k of belief_v2). Only the parts of the atlas that are about
// wordings need them; executions that are not here are left out there.
struct AtlasWordings {
  struct Value {
    int wording;  // in `texts`
    double value;
  };
  std::vector<std::string> texts;  // each once
  std::unordered_map<ExecutionId, std::vector<Value>> by_execution;
};

// How a belief reads in the matrix.
enum class AtlasStanding {
  none,      // no belief
  unstable,  // no stable belief: the number is a centre of wordings that do not agree
  belief
};
std::string_view to_word(AtlasStanding standing);
AtlasStanding standing_of(const AtlasRow& row);

struct AtlasModel {
  ModelName model;
  std::string provider;  // empty if it is not known
  std::string label;     // what it is called in the atlas: the model, with its provider where two share the name
  bool is_mock = false;
  std::size_t rows = 0;  // of it: claims that it was asked
  std::size_t beliefs = 0, unstable = 0, none = 0;
  std::size_t gate_failed = 0;  // rows with a gate that failed
  std::size_t answers = 0, from_store = 0;
  Usd billed{};
  double seconds = 0;
};

inline constexpr double kAtlasSteps = 100;  // steps of 1 that the matrix shows a probability in

// Between the models that have a belief about a claim: the largest difference of two of them, in probability.
struct AtlasDisagreement {
  std::size_t lowest, highest;  // models
  double p_low, p_high;
  double difference() const { return p_high - p_low; }
  double shown() const;  // that of the two numbers as the matrix prints them
};

struct AtlasClaim {
  std::string claim;
  std::vector<std::string> tags;
  std::optional<bool> truth;
  std::vector<std::optional<std::size_t>> cells;    // by model: a row of the atlas; empty if it was not asked
  std::optional<AtlasDisagreement> disagreement{};  // empty with fewer than two beliefs
};

struct AtlasTotals {
  std::size_t rows = 0, beliefs = 0, unstable = 0, none = 0, gate_failed = 0;
  std::size_t answers = 0, from_store = 0;
  Usd billed{};
  double seconds = 0;
};

// The reliability of one model's probabilities, on the claims whose truth is known and about which it has a number,
// stable or not.
struct AtlasTruth {
  std::size_t model = 0;
  std::size_t labelled = 0;  // claims whose truth is known that it was asked
  std::size_t judged = 0;    // of them, those with a number

  // Of `labelled`. A stable belief is right on the right side of one half; exactly one half is on neither side.
  std::size_t right = 0, wrong = 0, undecided = 0, unstable = 0, none = 0;

  double right_share = 0;                     // of the judged ones, by their numbers; exactly one half counts as half
  double base_rate = 0;                       // share of true claims among the judged ones
  std::optional<CalibrationScores> scores{};  // empty if none is judged
  std::vector<CorpStep> curve{};              // the reliability diagram; empty if all judged claims have one truth
  std::vector<double> places{};               // probabilities at which the band is given
  ConsistencyBand band{};                     // likewise
  std::vector<ReliabilityBin> histogram{};
};

// The difference of two models' scores on the claims about which both have a number, a minus b. Each claim is one pair,
// so the claims are the clusters.
struct AtlasScoreDifference {
  std::size_t a = 0, b = 0;  // models
  std::size_t claims = 0;
  double brier_a = 0, brier_b = 0;   // over these claims
  CenteredInterval brier{};          // below 0: a is better
  double right_a = 0, right_b = 0;   // share on the right side of one half; exactly one half counts as half
  CenteredInterval right{};          // above 0: a is better
  std::optional<double> p_value{};   // of the Brier scores, two-sided
  std::optional<double> adjusted{};  // among all pairs (Benjamini-Hochberg)
};

// How far two models agree, on the claims about which both have a belief.
struct AtlasAgreement {
  std::size_t a = 0, b = 0;  // models
  std::size_t claims = 0;
  CenteredInterval distance{};  // mean absolute difference, in probability
  double same_side = 0;         // share of claims with both on the same side of one half, or both on it
};

// How far a wording pulls a belief away from what the other wordings of the same check say.
struct AtlasPull {
  std::string wording;
  std::size_t claims = 0, checks = 0;
  CenteredInterval pull{};  // mean deviation from the mean of its check, in log-odds; the claims are the clusters
};

struct Atlas {
  std::vector<AtlasRow> rows;
  std::vector<AtlasModel> models;  // in the order in which they come in the rows
  std::vector<AtlasClaim> claims;  // likewise
  AtlasTotals totals;
  std::vector<AtlasTruth> truths;                       // by model; empty without a claim whose truth is known
  std::vector<AtlasScoreDifference> score_differences;  // every pair of models
  std::vector<AtlasAgreement> agreements;               // every pair with a claim in common, the closest first
  std::size_t checks_with_wordings = 0;                 // of the rows with a number
  std::vector<CrossedComponent> components;             // largest first; empty if the wordings do not tell them
  std::vector<AtlasPull> pulls;                         // those that pull most first

  bool has_mock() const;
  bool is_mock() const;  // all of it is
};

// A row that stands there twice (the same execution) counts once. Throws Error{bad_input} for no row; for a claim that
// was measured twice by a model; for a claim whose truth differs from row to row. It names their places.
Atlas make_atlas(std::vector<AtlasRow> rows, const AtlasWordings& wordings = {});

// Indices of claims, sorted: by disagreement, the largest first and those without any last; by the text of the claim;
// or by what a model says, the highest first and those without a number last. Ties stay in their order.
std::vector<std::size_t> claims_by_disagreement(const Atlas& atlas);
std::vector<std::size_t> claims_by_text(const Atlas& atlas);
std::vector<std::size_t> claims_by_model(const Atlas& atlas, std::size_t model);

nlohmann::json to_json(const Atlas& atlas);  // format "heretix_atlas", version 1

enum class AtlasOrder { disagreement, claim, model };

// What of the matrix a document shows, which has no room for all of it. The statistics are always of the whole atlas.
struct AtlasView {
  AtlasOrder order = AtlasOrder::disagreement;
  std::size_t model = 0;  // of AtlasOrder::model
  std::size_t most = 20;  // claims; 0 is all
};
Document to_document(const Atlas& atlas, const AtlasView& view);

// One self-contained page with the whole matrix, which a script in it sorts and filters, and everything that the
// document says. Everything from outside is escaped.
std::string atlas_html(const Atlas& atlas);

}  // namespace heretix
