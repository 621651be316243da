#include "measure/systemone/noul_runs.hpp"

#include <fmt/format.h>

#include <bit>
#include <nlohmann/json.hpp>

#include "base/error.hpp"

namespace heretix {
namespace {

constexpr std::string_view kNewestOfRecipe =
    "SELECT execution_id FROM heretix_executions WHERE run_id = :run AND status = 'done' ORDER BY finished_at DESC, "
    "execution_id LIMIT 1";
// With the names under which a row of results has these columns.
constexpr std::string_view kRun =
    "SELECT run_id, config_json, created_at, record_json, NULL AS seed, NULL AS artifact_json_path FROM "
    "heretix_executions WHERE execution_id = :id";

Error not_found(const std::string& name) {
  return {ErrorKind::not_found, fmt::format("the database has no decision {}", name),
          "name the record (x_record) of an answer that this database's service gave"};
}

}  // namespace

std::optional<ExecutionRow> NoulRuns::newest_execution(const RunId& run_id) {
  const auto found = database().query(kNewestOfRecipe, {{":run", run_id}});
  return found.empty() ? std::nullopt : execution(found[0].id<ExecutionId>("execution_id"));
}

RunId NoulRuns::find_run(const std::string& name) {
  RunId run_id{name};
  if (!newest_execution(run_id)) throw not_found(name);
  return run_id;
}

Row NoulRuns::run(const RunId& run_id) {
  const auto newest = newest_execution(run_id);
  if (!newest) throw not_found(run_id.text());
  const Row row = database().query(kRun, {{":id", newest->execution_id}}).at(0);
  const auto record = nlohmann::json::parse(newest->record_text.value_or(""), nullptr, false);
  const std::string seed = record.is_object() ? record.value("/estimate/bootstrap_seed"_json_pointer, "0") : "0";
  return row.with("bootstrap_seed", std::bit_cast<std::int64_t>(std::stoull(seed)));
}

// A row of heretix_executions holds the record itself, which is compared as a whole.
std::vector<ExpectedColumn> NoulRuns::expected_columns(const Record& /*record*/, const Row& /*stored*/) { return {}; }

}  // namespace heretix
