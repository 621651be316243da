#include "studies/drift/drift.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/error.hpp"
#include "base/word_table.hpp"
#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

constexpr WordTable<Alarm, 4> kAlarmWords({{Alarm::none, "none"},
                                           {Alarm::drift, "drift"},
                                           {Alarm::model_changed, "model_changed"},
                                           {Alarm::both, "drift_and_model_changed"}});

double mean_of(const std::vector<AnsweredTemplate>& answers, auto part) {
  std::vector<double> values;
  for (const AnsweredTemplate& t : answers) values.push_back(part(t));
  return mean_left_to_right(values);
}

// All baseline runs together: each template's value is the mean over the runs that answered it, as it is over
// replicates, and the belief is that of belief_v2.
BeliefSide baseline_of(const Sentinel& sentinel) {
  std::map<std::string, std::vector<AnsweredTemplate>> by_wording;
  for (const SentinelRun& run : sentinel.runs) {
    if (!run.is_baseline) continue;
    for (const AnsweredTemplate& t : run.templates) by_wording[t.wording].push_back(t);
  }

  BeliefSide baseline;
  std::vector<double> means;
  for (const auto& [wording, answers] : by_wording) {
    means.push_back(mean_of(answers, [](const AnsweredTemplate& t) { return t.mean; }));
    const LogitRange range{mean_of(answers, [](const AnsweredTemplate& t) { return t.range.low; }),
                           mean_of(answers, [](const AnsweredTemplate& t) { return t.range.high; })};
    baseline.templates.push_back({.wording = wording, .mean = means.back(), .range = range});
  }
  if (!means.empty()) baseline.p = sigmoid(trimmed_center(means));
  return baseline;
}

double distance(const SentinelRun& run, const BeliefSide& baseline) {
  const SharedTemplates shared = shared_templates(std::array{run.templates, baseline.templates});
  if (shared.wordings.empty())
    throw Error(ErrorKind::bad_input, fmt::format("{} shares no template with its baseline", run.execution_id),
                "the prompt bank changed: begin a new baseline (heretix drift baseline --anew)");

  std::vector<double> differences;
  for (std::size_t k = 0; k < shared.wordings.size(); ++k)
    differences.push_back(shared.means[0][k] - shared.means[1][k]);
  return trimmed_center(differences);
}

SentinelState state_of(const Sentinel& sentinel) {
  SentinelState state{.claim = sentinel.claim, .beliefs = {}, .x = {}, .values = {}};
  const BeliefSide baseline = baseline_of(sentinel);
  std::vector<double> of_baseline, of_checks;
  for (const SentinelRun& run : sentinel.runs) {
    state.x.push_back(distance(run, baseline));
    (run.is_baseline ? of_baseline : of_checks).push_back(state.x.back());
    state.beliefs.push_back({run.execution_id, run.created_at, run.is_baseline, run.belief});
  }
  state.baseline = of_baseline.size();
  state.checks = of_checks.size();

  if (state.baseline > 0) state.baseline_p = baseline.p;
  if (state.checks > 0) {
    const SentinelRun& last = sentinel.runs.back();
    state.last_p = last.belief.p.value();
    state.change = belief_difference({*state.last_p, last.templates}, baseline);
  }

  if (state.baseline < kLeastBaselineRuns) return state;
  DriftDetector detector(of_baseline);
  for (const double x : of_checks) state.values.push_back(detector.add(x));
  return state;
}

// After check `count` of every sentinel.
double average_after(const std::vector<SentinelState>& sentinels, std::size_t count) {
  double sum = 0;
  for (const SentinelState& s : sentinels) sum += count == 0 ? 0.0 : s.values[count - 1];
  return sum / static_cast<double>(sentinels.size());
}

std::set<std::string> names_in(const std::vector<Sentinel>& sentinels, auto wanted) {
  std::set<std::string> names;
  for (const Sentinel& s : sentinels) {
    std::size_t check = 0;
    for (const SentinelRun& run : s.runs) {
      if (!run.is_baseline) ++check;
      if (wanted(run.is_baseline ? 0 : check)) names.insert(run.answered_by.begin(), run.answered_by.end());
    }
  }
  return names;
}

Alarm alarm_of(bool drifted, bool changed) {
  if (drifted) return changed ? Alarm::both : Alarm::drift;
  return changed ? Alarm::model_changed : Alarm::none;
}

// A name that the baseline did not know, among the answers of check number `check`.
bool model_changed(const std::vector<Sentinel>& sentinels, std::size_t check) {
  if (check == 0) return false;
  const auto known = names_in(sentinels, [](std::size_t number) { return number == 0; });
  const auto now = names_in(sentinels, [&](std::size_t number) { return number == check; });
  return !known.empty() && std::ranges::any_of(now, [&](const std::string& name) { return !known.contains(name); });
}

std::vector<std::string> as_list(const std::set<std::string>& names) { return {names.begin(), names.end()}; }

}  // namespace

std::string_view to_word(Alarm alarm) { return kAlarmWords.word(alarm); }

SentinelRun sentinel_run(const Record& record, bool is_baseline) {
  SentinelRun run{.execution_id = record.execution.execution_id,
                  .created_at = record.execution.created_at,
                  .is_baseline = is_baseline,
                  .templates = answered_templates(record),
                  .answered_by = {},
                  .belief = shown(record.belief)};
  for (const auto& [name, answers] : record.execution.answered_by) run.answered_by.insert(name);
  return run;
}

DriftState drift_state(const std::string& watch, const std::optional<ModelName>& model, double alpha,
                       const std::vector<Sentinel>& sentinels) {
  if (sentinels.empty()) throw Error(ErrorKind::bad_input, fmt::format("the watch {} has no sentinel", watch));
  if (!(alpha > 0 && alpha < 1))
    throw Error(ErrorKind::bad_input, fmt::format("alpha is {}; it must be between 0 and 1", alpha),
                "e.g. 0.0025: 400 runs between false alarms");
  DriftState state{.watch = watch,
                   .model = model,
                   .alpha = alpha,
                   .sentinels = {},
                   .values = {},
                   .answered_by_before = {},
                   .answered_by_now = {}};
  std::size_t checks = sentinels[0].runs.size();
  state.is_watching = true;
  for (const Sentinel& sentinel : sentinels) {
    state.sentinels.push_back(state_of(sentinel));
    state.is_watching = state.is_watching && state.sentinels.back().baseline >= kLeastBaselineRuns;
    checks = std::min(checks, state.sentinels.back().checks);
  }
  state.answered_by_before = as_list(names_in(sentinels, [](std::size_t number) { return number == 0; }));
  state.answered_by_now = as_list(names_in(sentinels, [&](std::size_t number) { return number == checks; }));
  if (!state.is_watching || checks == 0) return state;
  for (std::size_t i = 1; i <= checks; ++i) state.values.push_back(average_after(state.sentinels, i));
  const auto alarm_after = [&](std::size_t count) {
    return alarm_of(count > 0 && state.values[count - 1] >= 1 / alpha, model_changed(sentinels, count));
  };
  state.alarm = alarm_after(checks);
  state.is_new = state.alarm != Alarm::none && state.alarm != alarm_after(checks - 1);
  if (state.alarm != Alarm::drift && state.alarm != Alarm::both) return state;
  std::vector<double> last;
  for (const SentinelState& s : state.sentinels) last.push_back(s.values[checks - 1]);
  const std::vector<bool> named = e_benjamini_hochberg(last, alpha);
  for (std::size_t i = 0; i < named.size(); ++i) state.sentinels[i].is_named = named[i];
  return state;
}

std::vector<long long> alarm_times(const DriftState& state) {
  std::vector<long long> times;
  bool was_reached = false;
  for (std::size_t check = 0; check < state.values.size(); ++check) {
    const bool is_reached = state.values[check] >= 1 / state.alpha;
    if (is_reached && !was_reached) {
      long long at = 0;
      for (const SentinelState& sentinel : state.sentinels)
        at = std::max(at, sentinel.beliefs[sentinel.baseline + check].created_at);
      times.push_back(at);
    }
    was_reached = is_reached;
  }
  return times;
}

}  // namespace heretix
