#include "cli/stored_watch.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "cli/stored_results.hpp"
#include "report/mock_mark.hpp"
#include "studies/drift/watch_store.hpp"

namespace heretix {
namespace {

// Of the newest measurement; empty before the first.
struct WatchedModel {
  std::optional<ModelName> name;
  bool is_mock = false;
};

// A claim by its hash, and its text where that is known before anything of it is read.
struct SentinelName {
  std::string claim_hash;
  std::string text{};
};

Sentinel read_sentinel(const SentinelName& name, WatchStore& store, RunStore& runs, WatchedModel& model) {
  Sentinel sentinel{.claim = name.text, .runs = {}};
  for (const WatchedExecution& execution : store.of(name.claim_hash)) {
    const Record record = stored_record(runs, execution.execution_id);
    model = {record.plan.recipe.model, is_mock(record)};
    sentinel.claim = record.plan.recipe.claim.text;
    sentinel.runs.push_back(sentinel_run(record, execution.is_baseline));
  }
  return sentinel;
}

DriftState state_of(const std::string& watch, const WatchedModel& model, double alpha,
                    const std::vector<Sentinel>& sentinels) {
  DriftState state = drift_state(watch, model.name, alpha, sentinels);
  state.is_mock = model.is_mock;
  return state;
}

}  // namespace

DriftState read_state(const Watch& watch, Database& database, double alpha) {
  WatchStore store(database, watch.name);
  RunStore runs(database);
  WatchedModel model;
  std::vector<Sentinel> sentinels;
  for (const Claim& claim : watch.claims)
    sentinels.push_back(read_sentinel({claim.hash(), claim.text}, store, runs, model));
  return state_of(watch.name, model, alpha, sentinels);
}

std::vector<HistoryAlarm> stored_alarms(RunStore& runs, double alpha) {
  std::vector<HistoryAlarm> alarms;
  for (const std::string& name : WatchStore::names(runs.database())) {
    try {
      WatchStore store(runs.database(), name);
      WatchedModel model;
      std::vector<Sentinel> sentinels;
      for (const std::string& hash : store.claim_hashes())
        sentinels.push_back(read_sentinel({hash}, store, runs, model));
      if (!model.name) continue;
      for (const long long at : alarm_times(state_of(name, model, alpha, sentinels)))
        alarms.push_back({*model.name, model.is_mock, name, at});
    } catch (const Error&) { continue; }
  }
  return alarms;
}

}  // namespace heretix
