// The nouls of System One in a Postgres database, as the desk and heretix verify read them: the executions of a recipe,
// which are rows of heretix_executions and of no other table.
#pragma once

#include "measure/run_store.hpp"

namespace heretix {

class NoulRuns final : public RunStore {
 public:
  using RunStore::RunStore;

  // By the whole id of a recipe. Throws Error{not_found}.
  RunId find_run(const std::string& name) override;
  Row run(const RunId& run_id) override;
  std::optional<ExecutionRow> newest_execution(const RunId& run_id) override;  // of those that are done
  std::optional<ExecutionRow> execution_named(const std::string&) override { return std::nullopt; }
  std::string table() const override { return "heretix_executions"; }
  std::vector<ExpectedColumn> expected_columns(const Record& record, const Row& stored) override;
  bool shares_samples() const override { return true; }

 protected:
  void write_run(const Record&, const std::string&) override {}  // there is no such table
};

}  // namespace heretix
