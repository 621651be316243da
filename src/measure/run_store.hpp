// Executions and runs: written when a check starts and ends, read by list, show, answers, report and verify.
//
// Owns the SQL of runs, heretix_executions, heretix_execution_samples and heretix_banks (docs/storage.md).
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "belief/record/record.hpp"
#include "models/provider.hpp"
#include "store/database.hpp"

namespace heretix {

struct ExecutionRow {
  std::string execution_id;
  std::string run_id;
  std::string status;
  long long created_at = 0;
  std::string claim, model, mode, prompt_version;
  std::string bank_content_sha256;
  std::string config_text, record_text, record_sha256;
};

// What a finished execution measured, without its texts.
struct ExecutionHead {
  std::string execution_id, run_id;
  long long created_at = 0;  // Unix seconds, UTC
  std::string claim, model, prompt_version;
};

struct CountedKey {
  std::string cache_key;
  std::optional<int> attempt;  // empty: only `samples` holds the answer
  bool from_store = false;
  std::optional<int> attempt_in_file{};  // as the record names it, where an import had to renumber
};

// A column of a stored result and what it must hold.
struct ExpectedColumn {
  std::string name;
  Value value;
};

// The store of a harness file. What is said to be overridden reads `checks` instead in a Postgres database
// (CheckStore).
class RunStore {
 public:
  explicit RunStore(Database& database) : database_(database) {}
  virtual ~RunStore() = default;
  RunStore(const RunStore&) = delete;
  RunStore& operator=(const RunStore&) = delete;
  Database& database() { return database_; }  // which holds the answers too

  // The execution and its bank, before anything is asked. An execution that ended, or whose owner is gone, begins anew
  // under its id: a check of the service has one id from when it was accepted. `owner`: the job whose lease says that
  // it runs, in Postgres; empty: this process, for as long as what is returned lives (measure/ownership.hpp). Keep it
  // until the end is written.
  [[nodiscard]] std::unique_ptr<HeldName> start(const Plan& plan, const PromptBank& bank,
                                                const std::string& execution_id, const std::string& config_text,
                                                const std::string& owner, long long now);

  // The record, the answers it counted and, in a harness file, the `runs` row, in one transaction. Throws
  // Error{conflict} where another owner has begun the execution anew since start().
  void finish(const Record& record, const std::string& artifact_path);

  // What that server refused to take for that model (heed_refusals), oldest first. Without our fourth schema: none.
  std::vector<ServerRefusal> refusals(const std::string& address, const std::string& model);
  void remember(const ServerRefusal& refusal, long long now);
  // A check that ended without a record: `stopped` or `failed`.
  void end(const std::string& execution_id, const std::string& status, long long now);

  // Overridden: results by run id.
  virtual std::vector<Row> runs(std::size_t most);  // newest first, with the columns of `runs`
  std::size_t count();
  // Executions that ended without a result, or have not ended, of recipes that have none: the newest of each recipe,
  // newest first, with the columns of `runs` (results null), `status` and how many `answers` came. A CheckStore has
  // none.
  virtual std::vector<Row> unfinished(std::size_t most);
  virtual std::size_t count_unfinished();
  // The newest of them that goes by that name, as find_run takes it; by an execution's id also where its recipe has a
  // result. Throws Error{bad_input} where several do.
  virtual std::optional<ExecutionRow> find_unfinished(const std::string& name);

  // By run_id, execution_id or a unique beginning of either, or by the run id of a check of the service. Throws
  // Error{not_found, bad_input (ambiguous)}.
  virtual std::string find_run(const std::string& name);
  // The execution that a name means where it means a single one: a whole execution_id, or the run id of a check of the
  // service, "<recipe>-<12 digits of the execution>". Empty: it names a run, of which the newest execution counts.
  virtual std::optional<ExecutionRow> execution_named(const std::string& name);
  virtual Row run(const std::string& run_id);
  virtual std::optional<ExecutionRow> newest_execution(const std::string& run_id);  // that is done
  virtual std::string table() const { return "runs"; }
  // Whether that row of table() may hold this record under its run id.
  virtual bool names(const Row& stored, const Record& record) {
    return stored.text_or_empty("run_id") == record.plan.run_id;
  }
  virtual std::vector<ExpectedColumn> expected_columns(const Record& record, const Row& stored);
  // Whether `samples` may hold another program's answer to a question that was asked here too.
  virtual bool shares_samples() const { return false; }

  std::vector<ExecutionHead> done_executions();  // oldest first
  std::optional<ExecutionRow> execution(const std::string& execution_id);
  std::optional<std::string> bank_text(const std::string& content_sha256);

  // What an execution counted, in plan order, and the answer behind each; empty where its row is missing.
  virtual std::vector<CountedKey> counted_keys(const std::string& execution_id);
  std::optional<Answer> answer(const CountedKey& key);
  virtual std::vector<Row> samples_of(const std::string& run_id);  // as other programs see them, foreign files included
  std::optional<Row> sample(const std::string& cache_key);
  std::optional<Row> answer_row(const std::string& cache_key, int attempt);
  std::vector<Row> answer_rows(const std::string& cache_key);
  std::vector<Row> attempt_rows(const std::string& cache_key);  // oldest first

 protected:
  // The one run id of these rows that `name` means; they begin with it.
  static std::string only_one(const std::vector<Row>& found, const std::string& name);
  virtual void write_run(const Record& record, const std::string& artifact_path);

 private:
  void write(const std::function<void()>& body);
  bool has_our_tables();  // a file of another program that was only ever read lacks them
  Database& database_;
  std::string owner_;  // of the execution that was started last
};

}  // namespace heretix
