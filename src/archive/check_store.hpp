// Checks in a Postgres database: what list, show, answers, report and verify read there.
#pragma once

#include "measure/run_store.hpp"

namespace heretix {

// Owns the SQL that reads `checks`; import_file and the service's worker write it.
class CheckStore final : public RunStore {
 public:
  using RunStore::RunStore;

  std::vector<Row> runs(std::size_t most) override;
  std::vector<Row> unfinished(std::size_t) override { return {}; }
  std::size_t count_unfinished() override { return 0; }
  std::optional<ExecutionRow> find_unfinished(const std::string&) override { return std::nullopt; }
  std::string find_run(const std::string& name) override;
  Row run(const std::string& run_id) override;
  std::optional<ExecutionRow> newest_execution(const std::string& run_id) override;
  std::vector<CountedKey> counted_keys(const std::string& execution_id) override;
  std::vector<Row> samples_of(const std::string& run_id) override;  // of its recipe
  std::string table() const override { return "checks"; }
  std::optional<ExecutionRow> execution_named(const std::string&) override {
    return std::nullopt;
  }  // a row is one check
  bool names(const Row& stored, const Record& record) override;
  std::vector<ExpectedColumn> expected_columns(const Record& record, const Row& stored) override;
  bool shares_samples() const override { return true; }

 protected:
  void write_run(const Record&, const std::string&) override {}  // who serves a check owns its row

 private:
  std::string served_execution(const std::string& run_id);  // that a check of the service shows; empty: it is none
};

}  // namespace heretix
