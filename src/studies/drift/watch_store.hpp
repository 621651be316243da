// Which executions a watch is made of, in order. Owns the SQL of heretix_drift_measurements (docs/storage.md).
#pragma once

#include <string>
#include <vector>

#include "base/identity.hpp"
#include "store/database.hpp"

namespace heretix {

struct WatchedExecution {
  ExecutionId execution_id;
  bool is_baseline = false;
};

class WatchStore {
 public:
  WatchStore(Database& database, std::string watch);

  // The watches of that database, by name. Empty where it keeps none, as a Postgres does.
  static std::vector<std::string> names(Database& database);

  int epoch() const { return epoch_; }  // the newest epoch; 0 if the watch is new
  void begin_anew();                    // begins the next epoch; earlier measurements stay in the file

  // These work on the newest epoch.
  std::vector<std::string> claim_hashes();
  std::vector<WatchedExecution> of(const std::string& claim_hash);
  void add(const std::string& claim_hash, const WatchedExecution& execution, long long now);

 private:
  bool has_table();
  Database& database_;
  std::string watch_;
  int epoch_ = 0;
};

}  // namespace heretix
