// Whether a model's beliefs about some sentinel claims have left the distribution that they had when the watch began.
//
// Each measurement is reduced to one number, its trimmed distance from the baseline over templates. A rank detector for
// each sentinel bets against "nothing changed", and the average of the bets raises the alarm. Formulas, simulated false
// alarms and limits: docs/drift.md. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "belief/record/belief_difference.hpp"
#include "belief/record/record.hpp"
#include "belief/record/shown_belief.hpp"
#include "belief/stats/drift.hpp"
#include "report/document.hpp"

namespace heretix {

// One measurement of a sentinel, reduced to what the detector needs.
struct SentinelRun {
  ExecutionId execution_id;
  long long created_at = 0;
  bool is_baseline = false;
  std::vector<AnsweredTemplate> templates;
  std::set<std::string> answered_by;  // the provider's names of the model
  ShownBelief belief;
};
SentinelRun sentinel_run(const Record& record, bool is_baseline);

struct Sentinel {
  std::string claim;
  std::vector<SentinelRun> runs;  // in order, baseline first
};

// What one run said, for the chart of beliefs over time.
struct BeliefThen {
  ExecutionId execution_id;
  long long created_at = 0;
  bool is_baseline = false;
  ShownBelief belief;
};

struct SentinelState {
  std::string claim;
  std::size_t baseline = 0, checks = 0;
  std::vector<BeliefThen> beliefs;           // of every run, baseline first
  std::optional<double> baseline_p{};        // of all its baseline runs together; empty without one
  std::optional<double> last_p{};            // of the last check; empty without one
  std::optional<CenteredInterval> change{};  // last_p minus baseline_p, at level 0.95; empty without a check
  std::vector<double> x;                     // distance of every run from the baseline, in log-odds
  std::vector<double> values;                // R after each check
  bool is_named = false;                     // named by e-BH, if there is an alarm
};

enum class Alarm { none, drift, model_changed, both };
std::string_view to_word(Alarm alarm);

struct DriftState {
  std::string watch;
  std::optional<ModelName> model;  // empty: nothing was measured yet
  bool is_mock = false;            // its answers came from a script
  double alpha = kDriftAlpha;
  bool is_watching = false;  // every sentinel has its baseline
  std::vector<SentinelState> sentinels;
  std::vector<double> values;  // average R after each check that all sentinels have
  std::vector<std::string> answered_by_before, answered_by_now;
  Alarm alarm = Alarm::none;
  bool is_new = false;  // the alarm was not there after the check before
};

// The sentinels are those of one watch. Throws Error{bad_input} for no sentinel, for an alpha outside (0, 1), and for a
// run that shares no template with the baseline.
DriftState drift_state(const std::string& watch, const std::optional<ModelName>& model, double alpha,
                       const std::vector<Sentinel>& sentinels);

// When the statistic reached 1/alpha after a check before which it had not: Unix seconds of the last measurement of
// that check. In order.
std::vector<long long> alarm_times(const DriftState& state);

// A watch of which nothing was measured yet names `begin`, the command that begins it.
Document to_document(const DriftState& state, const std::string& begin);
nlohmann::json to_json(const DriftState& state);  // format "heretix_drift", version 1
std::string alarm_text(const DriftState& state);  // a mail's body

}  // namespace heretix
