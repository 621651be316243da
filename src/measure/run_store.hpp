// Executions and runs. They are written when a check starts and ends, and read by list, show, answers, report and
// verify.
//
// Owns the SQL of runs, heretix_executions, heretix_execution_samples and heretix_banks (docs/storage.md).
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "belief/record/record.hpp"
#include "measure/execution_status.hpp"
#include "models/provider.hpp"
#include "store/database.hpp"

namespace heretix {

// Which runs are meant: those that a model answered, or those that a script played (docs/scripted.md). A run of another
// program that does not say it counts as a model's.
enum class Origin { any, model, mock };

struct ExecutionRow {
  ExecutionId execution_id;
  RecipeId run_id;
  ExecutionStatus status = ExecutionStatus::running;
  long long created_at = 0;
  std::string claim;
  ModelName model;
  std::string mode, prompt_version;
  std::string bank_content_sha256;
  std::string config_text;
  std::optional<std::string> record_text, record_sha256;  // empty until it is done
};

// What a finished execution measured, without its long texts.
struct ExecutionHead {
  ExecutionId execution_id;
  RecipeId run_id;
  long long created_at = 0;  // Unix seconds, UTC
  std::string claim;
  ModelName model;
  std::string prompt_version;
  bool is_mock = false;
};

struct CountedKey {
  std::string cache_key;
  std::optional<int> attempt;  // empty if only `samples` holds the answer
  bool from_store = false;
  std::optional<int> attempt_in_file{};  // the number in the record, where an import changed it
};

// What is kept of a record beside its rows.
struct WrittenRecord {
  std::string text;           // to_json(record) without spaces
  std::string artifact_path;  // as write_artifact returned it; empty where none was written
};

// A column of a stored result and the value that it must hold.
struct ExpectedColumn {
  std::string name;
  Value value;
};

// The store of a harness file. In a Postgres database the functions marked as overridden read `checks` instead
// (CheckStore).
class RunStore {
 public:
  explicit RunStore(Database& database) : database_(database) {}
  virtual ~RunStore() = default;
  RunStore(const RunStore&) = delete;
  RunStore& operator=(const RunStore&) = delete;
  Database& database() { return database_; }  // which holds the answers too

  // Writes the execution and its bank, before anything is asked. An execution that ended, or whose owner is gone,
  // begins anew under its id, because a check of the service has one id from the moment it was accepted. In Postgres
  // `owner` is the job whose lease says that the execution runs; empty means this process, for as long as the returned
  // object lives (measure/ownership.hpp). Keep that object until the end is written.
  [[nodiscard]] std::unique_ptr<HeldName> start(const Plan& plan, const PromptBank& bank,
                                                const ExecutionId& execution_id, const std::string& config_text,
                                                long long now, const std::string& owner);

  // Writes the record, the answers that it counted and, in a harness file, the `runs` row, in one transaction. Throws
  // Error{conflict} if another owner has begun the execution anew since start().
  void finish(const Record& record, const WrittenRecord& written);

  // What that server refused to accept for that model (heed_refusals), oldest first. Empty if the file is older than
  // our fourth schema.
  std::vector<ServerRefusal> refusals(const std::string& address, const ModelName& model);
  void remember(const ServerRefusal& refusal, long long now);
  // Ends a check that has no record. `status` is stopped, failed or replaced.
  void end(const ExecutionId& execution_id, ExecutionStatus status, long long now);

  // Overridden. Results, by run id.
  // Newest first, with the columns of `runs` and is_mock; in a harness file also `belief`, the object belief_v2 of the
  // record.
  virtual std::vector<Row> runs(std::size_t most, Origin origin);
  std::size_t count(Origin origin);
  // Executions that have not ended, or that ended without a result, of recipes that have no result: the newest of each
  // recipe, newest first, with the columns of `runs` (results null), is_mock, `status` and the number of `answers` that
  // arrived. A CheckStore has none.
  virtual std::vector<Row> unfinished(std::size_t most, Origin origin);
  virtual std::size_t count_unfinished(Origin origin);
  // The newest of them that `name` means, as find_run understands names. The id of an execution finds it even if its
  // recipe has a result. Throws Error{bad_input} if several match.
  virtual std::optional<ExecutionRow> find_unfinished(const std::string& name);

  // The name of the newest run that has a result, for find_run(): a model's, or a mock run where there is nothing else.
  static constexpr std::string_view kNewest = "last";

  // Finds a run by kNewest, by run_id or execution_id, by a unique beginning of either, or by the run id of a check of
  // the service. Throws Error{not_found, bad_input (ambiguous)}.
  virtual RunId find_run(const std::string& name);
  // The execution that a name means, if it means a single one: a whole execution_id, or the run id of a check of the
  // service, "<recipe>-<12 digits of the execution>". Empty if it names a run, of which the newest execution counts.
  virtual std::optional<ExecutionRow> execution_named(const std::string& name);
  virtual Row run(const RunId& run_id);
  virtual std::optional<ExecutionRow> newest_execution(const RunId& run_id);  // of those that are done
  virtual std::string table() const { return "runs"; }
  // Whether that row of table() can hold this record under its run id.
  virtual bool names(const Row& stored, const Record& record) {
    return stored.text("run_id") == record.plan.run_id.text();
  }
  virtual std::vector<ExpectedColumn> expected_columns(const Record& record, const Row& stored);
  // Whether `samples` may hold another program's answer to a question that was also asked here.
  virtual bool shares_samples() const { return false; }

  std::vector<ExecutionHead> done_executions();  // oldest first
  std::optional<ExecutionRow> execution(const ExecutionId& execution_id);
  std::optional<std::string> bank_text(const std::string& content_sha256);

  // What an execution counted, in the order of its plan. answer() gives the answer behind a key, or empty if its row is
  // missing.
  virtual std::vector<CountedKey> counted_keys(const ExecutionId& execution_id);
  std::optional<Answer> answer(const CountedKey& key);
  // The samples as other programs see them; files of other programs have them too.
  virtual std::vector<Row> samples_of(const RunId& run_id);
  std::optional<Row> sample(const std::string& cache_key);
  std::optional<Row> answer_row(const std::string& cache_key, int attempt);
  std::vector<Row> answer_rows(const std::string& cache_key);
  std::vector<Row> attempt_rows(const std::string& cache_key);  // oldest first

 protected:
  // SQL that is true for a row of table() whose answers came from a script.
  virtual std::string mock_condition() const;
  // " WHERE …", or nothing for any.
  static std::string where(const std::string& mock_condition, Origin origin);
  // What kNewest names. Throws Error{not_found} if there is no run.
  RunId newest_run();
  // The one run id among these rows that `name` means; all of them begin with it.
  static RunId only_one(const std::vector<Row>& found, const std::string& name);
  std::vector<Row> samples_of_recipe(const RecipeId& recipe);
  virtual void write_run(const Record& record, const std::string& artifact_path);

 private:
  void write(const std::function<void()>& body);
  bool has_our_tables();  // a file of another program that was only read lacks them
  Database& database_;
  std::string owner_;  // owner of the execution that was started last
};

}  // namespace heretix
