#include "archive/check_store.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "belief/record/measured_columns.hpp"
#include "measure/check_row.hpp"

namespace heretix {
namespace {

// A check that was answered from a stored result has no configuration of its own.
constexpr std::string_view kIsMock =
    "coalesce(checks.config_json, '') LIKE '%\"mode\":\"MOCK%' OR EXISTS (SELECT 1 FROM check_requests q JOIN "
    "heretix_executions e ON e.execution_id = q.execution_id WHERE q.check_id = checks.id AND e.mode LIKE 'MOCK%')";

// The columns of `runs`, created_at in Unix seconds, and those that only `checks` has.
const std::string& select_of_checks() {
  static const std::string sql = [] {
    std::string columns =
        "run_id, env, extract(epoch FROM created_at)::bigint AS created_at, "
        "extract(epoch FROM finished_at)::bigint AS finished_at";
    for (const MeasuredColumn& column : measured_columns()) columns += ", " + quoted_column(column.name);
    return fmt::format("SELECT {}, ({}) AS is_mock FROM checks", columns, kIsMock);
  }();
  return sql;
}

constexpr std::string_view kFind = "SELECT run_id FROM checks WHERE substr(run_id, 1, length(:name)) = :name";
constexpr std::string_view kFindExecution = "SELECT run_id FROM checks WHERE run_id LIKE '%-' || :digits";
constexpr std::string_view kServedExecution =
    "SELECT q.execution_id FROM check_requests q JOIN checks c ON c.id = q.check_id WHERE c.run_id = :run AND "
    "q.execution_id IS NOT NULL";
constexpr std::string_view kAttemptsInFile =
    "SELECT attempt_in_file FROM heretix_execution_samples WHERE execution_id = :id ORDER BY position";

}  // namespace

std::string CheckStore::mock_condition() const { return std::string(kIsMock); }

std::vector<Row> CheckStore::runs(std::size_t most, Origin origin) {
  return database().query(fmt::format("{}{} ORDER BY checks.created_at DESC, run_id LIMIT :most", select_of_checks(),
                                      where(mock_condition(), origin)),
                          {{":most", static_cast<std::int64_t>(most)}});
}

RunId CheckStore::find_run(const std::string& name) {
  if (name.empty()) throw Error(ErrorKind::bad_input, "no run was named", "see heretix list");
  if (name == kNewest) return newest_run();
  std::vector<Row> found = database().query(kFind, {{":name", name}});
  const bool is_execution = name.starts_with("exec-") && name.size() == 5 + kExecutionDigits;
  if (found.empty() && is_execution) found = database().query(kFindExecution, {{":digits", execution_digits(name)}});
  return only_one(found, name);
}

Row CheckStore::run(const RunId& run_id) {
  std::vector<Row> found =
      database().query(fmt::format("{} WHERE run_id = :run", select_of_checks()), {{":run", run_id}});
  if (found.empty()) throw Error(ErrorKind::not_found, fmt::format("there is no run '{}'", run_id), "see heretix list");
  return found[0];
}

std::optional<ExecutionId> CheckStore::served_execution(const RunId& run_id) {
  if (!database().has_table("check_records")) return std::nullopt;
  const auto found = database().query(kServedExecution, {{":run", run_id}});
  return found.empty() ? std::nullopt : std::optional(found[0].id<ExecutionId>("execution_id"));
}

// A check from the result cache has digits of its own and shows what another execution measured.
std::optional<ExecutionRow> CheckStore::newest_execution(const RunId& run_id) {
  const auto served = served_execution(run_id);
  return execution(served ? *served : execution_in(run_id));
}

std::vector<CountedKey> CheckStore::counted_keys(const ExecutionId& execution_id) {
  std::vector<CountedKey> keys = RunStore::counted_keys(execution_id);
  const auto rows = database().query(kAttemptsInFile, {{":id", execution_id}});
  for (std::size_t i = 0; i < std::min(keys.size(), rows.size()); ++i) {
    const auto number = rows[i].integer("attempt_in_file");
    if (number) keys[i].attempt_in_file = static_cast<int>(*number);
  }
  return keys;
}

std::vector<Row> CheckStore::samples_of(const RunId& run_id) { return samples_of_recipe(recipe_in(run_id)); }

// The service names a check when it accepts it. The recipe in front may be another than the one that was asked in the
// end, where the server refused a part of the request; so what it refers to counts.
bool CheckStore::names(const Row& stored, const Record& record) {
  const auto run_id = stored.id<RunId>("run_id");
  return run_id == check_run_id(record.plan.run_id, record.execution.execution_id) ||
         served_execution(run_id) == record.execution.execution_id;
}

// created_at and finished_at come from the execution, not from its answers: nothing to compare them with but
// themselves.
// The run id is compared by names(). A check from the result cache has the figures alone.
std::vector<ExpectedColumn> CheckStore::expected_columns(const Record& record, const Row& stored) {
  const bool is_cached = stored.integer("was_cached") == 1;
  std::vector<ExpectedColumn> expected;
  for (const CheckColumn& column :
       check_columns(stored.required_text("env"), record, stored.text_or_empty("artifact_json_path"))) {
    const std::string_view name = column.name;
    if (name.ends_with("ed_at") || name == "run_id") continue;
    if (is_cached && (name.ends_with("_json") || name == "artifact_json_path"))
      expected.push_back({column.name, Value(std::monostate{})});
    else if (name == "was_cached") expected.push_back({column.name, std::int64_t{is_cached}});
    else expected.push_back({column.name, column.value});
  }
  return expected;
}

}  // namespace heretix
