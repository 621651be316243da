// The checks in a Postgres database, as list, show, answers, report and verify read them.
#pragma once

#include "measure/run_store.hpp"

namespace heretix {

// Owns the SQL that reads `checks`, where a run id is that of a check. The rows are written by import_file and by the
// worker of the service.
class CheckStore final : public RunStore {
 public:
  using RunStore::RunStore;

  std::vector<Row> runs(std::size_t most, Origin origin) override;
  std::vector<Row> unfinished(std::size_t, Origin) override { return {}; }
  std::size_t count_unfinished(Origin) override { return 0; }
  std::optional<ExecutionRow> find_unfinished(const std::string&) override { return std::nullopt; }
  RunId find_run(const std::string& name) override;
  Row run(const RunId& run_id) override;
  std::optional<ExecutionRow> newest_execution(const RunId& run_id) override;
  std::vector<CountedKey> counted_keys(const ExecutionId& execution_id) override;
  std::vector<Row> samples_of(const RunId& run_id) override;  // of the recipe of the check
  std::string table() const override { return "checks"; }
  std::optional<ExecutionRow> execution_named(const std::string&) override {
    return std::nullopt;
  }  // each row is one check
  bool names(const Row& stored, const Record& record) override;
  std::vector<ExpectedColumn> expected_columns(const Record& record, const Row& stored) override;
  bool shares_samples() const override { return true; }

 protected:
  std::string mock_condition() const override;
  void write_run(const Record&, const std::string&) override {}  // the service that serves a check owns its row

 private:
  // The execution that a check of the service shows; empty if it is not such a check.
  std::optional<ExecutionId> served_execution(const RunId& run_id);
};

}  // namespace heretix
