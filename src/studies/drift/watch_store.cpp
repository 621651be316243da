#include "studies/drift/watch_store.hpp"

namespace heretix {
namespace {

constexpr std::string_view kHasTable =
    "SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = 'heretix_drift_measurements'";
constexpr std::string_view kTable = "heretix_drift_measurements";
constexpr std::string_view kNames = "SELECT DISTINCT watch FROM heretix_drift_measurements ORDER BY watch";
constexpr std::string_view kClaims =
    "SELECT DISTINCT claim_hash FROM heretix_drift_measurements WHERE watch = :watch AND epoch = :epoch ORDER BY "
    "claim_hash";
constexpr std::string_view kEpoch = "SELECT max(epoch) AS epoch FROM heretix_drift_measurements WHERE watch = :watch";
constexpr std::string_view kOf =
    "SELECT execution_id, is_baseline FROM heretix_drift_measurements WHERE watch = :watch AND epoch = :epoch AND "
    "claim_hash = :claim "
    "ORDER BY number";
constexpr std::string_view kAdd =
    "INSERT INTO heretix_drift_measurements (watch, epoch, claim_hash, number, is_baseline, execution_id, recorded_at) "
    "SELECT :watch, :epoch, :claim, coalesce(max(number) + 1, 0), :baseline, :execution, :now FROM "
    "heretix_drift_measurements "
    "WHERE watch = :watch AND epoch = :epoch AND claim_hash = :claim";

}  // namespace

WatchStore::WatchStore(Database& database, std::string watch) : database_(database), watch_(std::move(watch)) {
  if (!has_table()) return;
  const auto found = database_.query(kEpoch, {{":watch", watch_}});
  epoch_ = static_cast<int>(found[0].integer("epoch").value_or(0));
}

// A file that is only read may be of an earlier schema.
bool WatchStore::has_table() { return !database_.query(kHasTable, {}).empty(); }

void WatchStore::begin_anew() { ++epoch_; }

std::vector<std::string> WatchStore::names(Database& database) {
  std::vector<std::string> names;
  if (!database.has_table(kTable)) return names;
  for (const Row& row : database.query(kNames, {})) names.push_back(row.required_text("watch"));
  return names;
}

std::vector<std::string> WatchStore::claim_hashes() {
  std::vector<std::string> hashes;
  if (!has_table()) return hashes;
  for (const Row& row : database_.query(kClaims, {{":watch", watch_}, {":epoch", std::int64_t{epoch_}}}))
    hashes.push_back(row.required_text("claim_hash"));
  return hashes;
}

std::vector<WatchedExecution> WatchStore::of(const std::string& claim_hash) {
  std::vector<WatchedExecution> found;
  if (!has_table()) return found;
  for (const Row& row :
       database_.query(kOf, {{":watch", watch_}, {":epoch", std::int64_t{epoch_}}, {":claim", claim_hash}}))
    found.push_back({row.id<ExecutionId>("execution_id"), row.integer("is_baseline") == 1});
  return found;
}

void WatchStore::add(const std::string& claim_hash, const WatchedExecution& execution, long long now) {
  database_.execute(kAdd, {{":watch", watch_},
                           {":epoch", std::int64_t{epoch_}},
                           {":claim", claim_hash},
                           {":baseline", std::int64_t{execution.is_baseline}},
                           {":execution", execution.execution_id},
                           {":now", std::int64_t{now}}});
}

}  // namespace heretix
