#include "measure/run_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "belief/record/bank_content.hpp"
#include "belief/record/measured_columns.hpp"
#include "belief/record/stored_config.hpp"
#include "measure/answer_store.hpp"
#include "measure/check_row.hpp"
#include "measure/ownership.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

constexpr std::string_view kInsertBank =
    "INSERT INTO heretix_banks (content_sha256, version, bank_json) VALUES (:hash, :version, :json) ON CONFLICT DO "
    "NOTHING";
constexpr std::string_view kInsertExecution =
    "INSERT INTO heretix_executions (execution_id, run_id, status, owner, created_at, claim, model, mode, "
    "prompt_version, "
    "bank_content_sha256, config_json) VALUES (:id, :run, 'running', :owner, :now, :claim, :model, :mode, :version, "
    ":bank, :config) ON CONFLICT (execution_id) DO UPDATE SET run_id = excluded.run_id, status = excluded.status, "
    "owner = "
    "excluded.owner, created_at = excluded.created_at, finished_at = NULL, claim = excluded.claim, model = "
    "excluded.model, mode = excluded.mode, prompt_version = excluded.prompt_version, bank_content_sha256 = "
    "excluded.bank_content_sha256, config_json = excluded.config_json, record_json = NULL, record_sha256 = NULL";
// Somebody else may have begun the execution anew, after this one's lease was lost: then it is theirs.
constexpr std::string_view kFinishExecution =
    "UPDATE heretix_executions SET status = 'done', finished_at = :now, record_json = :record, record_sha256 = :hash "
    "WHERE execution_id = :id AND owner = :owner";
constexpr std::string_view kEndExecution =
    "UPDATE heretix_executions SET status = :status, finished_at = :now WHERE execution_id = :id AND owner = :owner "
    "AND "
    "status = 'running'";
constexpr std::string_view kForgetExecutionSamples = "DELETE FROM heretix_execution_samples WHERE execution_id = :id";
constexpr std::string_view kInsertExecutionSample =
    "INSERT INTO heretix_execution_samples (execution_id, position, cache_key, attempt, from_store) VALUES (:id, "
    ":position, :key, :attempt, :stored) ON CONFLICT DO NOTHING";
constexpr std::string_view kRefusals =
    "SELECT parameter, value, sent_with, message FROM heretix_server_refusals WHERE address = :address AND model = "
    ":model ORDER BY refused_at, parameter, value, sent_with";
constexpr std::string_view kRemember =
    "INSERT INTO heretix_server_refusals (address, model, parameter, value, sent_with, refused_at, message) VALUES "
    "(:address, :model, :parameter, :value, :with, :now, :message) ON CONFLICT DO NOTHING";
constexpr std::string_view kRuns =
    "SELECT runs.*, ({0}) AS is_mock, e.execution_id, CASE WHEN json_valid(e.record_json) THEN e.record_json -> "
    "'belief_v2' END AS belief FROM runs LEFT JOIN heretix_executions e ON e.rowid = (SELECT max(x.rowid) FROM "
    "heretix_executions x WHERE x.run_id = runs.run_id AND x.status = 'done'){1} ORDER BY runs.created_at DESC, "
    "e.rowid "
    "DESC, runs.run_id LIMIT :most";
constexpr std::string_view kForeignRuns =
    "SELECT runs.*, ({0}) AS is_mock, NULL AS execution_id FROM runs{1} ORDER BY created_at DESC, run_id LIMIT :most";
// The configuration is JSON, in which a quote within a text is escaped: these words can only be a field and its value.
constexpr std::string_view kIsMockRun = "coalesce(runs.config_json, '') LIKE '%\"mode\":\"MOCK%'";
constexpr std::string_view kIsMockExecution = "e.mode LIKE 'MOCK%'";
constexpr std::string_view kFindRun = "SELECT run_id FROM runs WHERE substr(run_id, 1, length(:name)) = :name";
constexpr std::string_view kFindMeasured =
    "SELECT DISTINCT run_id FROM heretix_executions WHERE status = 'done' AND substr(execution_id, 1, length(:name)) = "
    ":name";
constexpr std::string_view kIsUnfinished = "e.status NOT IN ('done', 'replaced')";
constexpr std::string_view kNewestWithoutResult =
    " AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.run_id = e.run_id) AND e.rowid = (SELECT max(x.rowid) FROM "
    "heretix_executions x WHERE x.run_id = e.run_id)";
constexpr std::array kExecutionColumns = {"run_id", "created_at", "claim", "model", "prompt_version"};
constexpr std::string_view kDoneExecutions =
    "SELECT execution_id, run_id, created_at, claim, model, mode, prompt_version FROM heretix_executions WHERE status "
    "= "
    "'done' ORDER BY created_at, execution_id";
constexpr std::string_view kCounted =
    "SELECT cache_key, attempt, from_store FROM heretix_execution_samples WHERE execution_id = :id ORDER BY position";
constexpr std::string_view kSamplesOfRun =
    "SELECT * FROM samples WHERE run_id = :run ORDER BY paraphrase_idx, replicate_idx, cache_key";

Value attempt_or_null(const Answer& answer) {
  return answer.raw_text ? Value(std::int64_t{answer.attempt}) : Value(std::monostate{});
}

ExecutionRow execution_from(const Row& row) {
  return {.execution_id = row.id<ExecutionId>("execution_id"),
          .run_id = row.id<RecipeId>("run_id"),
          .status = execution_status_of(row),
          .created_at = row.integer("created_at").value_or(0),
          .claim = row.required_text("claim"),
          .model = row.id<ModelName>("model"),
          .mode = row.required_text("mode"),
          .prompt_version = row.required_text("prompt_version"),
          .bank_content_sha256 = row.required_text("bank_content_sha256"),
          .config_text = row.required_text("config_json"),
          .record_text = row.text("record_json"),
          .record_sha256 = row.text("record_sha256")};
}

// A recipe that is run again replaces its row; columns of other programs keep their defaults.
const std::string& write_run_sql() {
  static const std::string sql = [] {
    std::string names, values;
    for (const MeasuredColumn& column : measured_columns()) {
      if (!column.is_in_runs) continue;
      names += fmt::format(", {}", column.name);
      values += fmt::format(", :{}", column.name);
    }
    return fmt::format("INSERT OR REPLACE INTO runs (run_id, created_at{}) VALUES (:run_id, :created_at{})", names,
                       values);
  }();
  return sql;
}

bool seed_is_text(Database& database) {
  const std::vector<Row> columns = database.query("PRAGMA table_info(runs)");
  return std::ranges::any_of(columns, [](const Row& column) {
    return column.required_text("name") == "bootstrap_seed" && column.required_text("type") == "TEXT";
  });
}

// The column is signed in our files and may be TEXT in older ones. SQLite prepares that pragma anew for every use, and
// what it says follows from the statement that made the table.
Value stored_seed(Database& database, std::uint64_t seed) {
  struct Known {
    std::string table;
    bool is_text;
  };
  thread_local Known known{};
  const auto found = database.query("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'runs'");
  std::string table = found.empty() ? "" : found[0].text_or_empty("sql");
  if (table != known.table) known = {std::move(table), seed_is_text(database)};
  return known.is_text ? Value(std::to_string(seed)) : Value(std::bit_cast<std::int64_t>(seed));
}

}  // namespace

// Each says the same when it is done again, after a connection that broke.
void RunStore::write(const std::function<void()>& body) {
  in_transaction(database_, body, {.isolation = Isolation::beside_others, .unheard = UnheardCommit::is_done_again});
}

std::unique_ptr<HeldName> RunStore::start(const Plan& plan, const PromptBank& bank, const ExecutionId& execution_id,
                                          const std::string& config_text, long long now, const std::string& owner) {
  const BankContent content = content_of(bank);
  Ownership ours = owner.empty() ? own_execution(database_, execution_id) : Ownership{owner, nullptr};
  owner_ = ours.owner;
  write([&] {
    database_.execute(kInsertBank, {{":hash", content.sha256}, {":version", bank.version}, {":json", content.text}});
    database_.execute(kInsertExecution, {{":id", execution_id},
                                         {":run", plan.run_id},
                                         {":owner", owner_},
                                         {":now", std::int64_t{now}},
                                         {":claim", plan.recipe.claim.text},
                                         {":model", plan.recipe.model},
                                         {":mode", plan.recipe.mode.text()},
                                         {":version", plan.prompt_version},
                                         {":bank", content.sha256},
                                         {":config", config_text}});
    database_.execute(kForgetExecutionSamples, {{":id", execution_id}});
  });
  return std::move(ours.held);
}

void RunStore::write_run(const Record& r, const std::string& artifact_path) {
  std::vector<std::string> parameters;  // which bindings only refer to
  parameters.reserve(measured_columns().size());
  Bindings row{{":run_id", r.plan.run_id}, {":created_at", std::int64_t{r.execution.finished_at}}};
  for (const MeasuredColumn& column : measured_columns()) {
    if (!column.is_in_runs) continue;
    const std::string_view name = column.name;
    Value value = column.value(r);
    if (column.kind == ColumnKind::bits) value = stored_seed(database_, r.seed);
    if (name == kArtifactColumn) value = artifact_path;
    parameters.push_back(fmt::format(":{}", name));
    row.push_back({parameters.back(), std::move(value)});
  }
  database_.execute(write_run_sql(), row);
}

void RunStore::finish(const Record& record, const WrittenRecord& written) {
  write([&] {
    write_run(record, written.artifact_path);

    for (std::size_t i = 0; i < record.answers.size(); ++i) {
      database_.execute(kInsertExecutionSample, {{":id", record.execution.execution_id},
                                                 {":position", static_cast<std::int64_t>(i)},
                                                 {":key", record.answers[i].cache_key},
                                                 {":attempt", attempt_or_null(record.answers[i])},
                                                 {":stored", std::int64_t{record.answers[i].from_store}}});
    }

    // The execution is ours until somebody takes it over because this process seemed to be gone.
    const auto ours = database_.execute(kFinishExecution, {{":id", record.execution.execution_id},
                                                           {":owner", owner_},
                                                           {":now", std::int64_t{record.execution.finished_at}},
                                                           {":record", written.text},
                                                           {":hash", sha256_hex(written.text)}});
    if (ours == 0)
      throw Error(ErrorKind::conflict,
                  fmt::format("{} is now being run by another process", record.execution.execution_id),
                  "its answers are kept; nothing else was written");
  });
}

std::vector<ServerRefusal> RunStore::refusals(const std::string& address, const ModelName& model) {
  std::vector<ServerRefusal> known;
  if (address.empty() || !database_.has_table("heretix_server_refusals")) return known;
  for (const Row& row : database_.query(kRefusals, {{":address", address}, {":model", model}})) {
    known.push_back({.address = address,
                     .model = model,
                     .parameter = row.required_text("parameter"),
                     .value = row.required_text("value"),
                     .sent_with = row.required_text("sent_with"),
                     .message = row.required_text("message")});
  }
  return known;
}

void RunStore::remember(const ServerRefusal& refusal, long long now) {
  write([&] {
    database_.execute(kRemember, {{":address", refusal.address},
                                  {":model", refusal.model},
                                  {":parameter", refusal.parameter},
                                  {":value", refusal.value},
                                  {":with", refusal.sent_with},
                                  {":now", std::int64_t{now}},
                                  {":message", refusal.message}});
  });
}

void RunStore::end(const ExecutionId& execution_id, ExecutionStatus status, long long now) {
  write([&] {
    database_.execute(kEndExecution, {{":id", execution_id},
                                      {":owner", owner_},
                                      {":status", std::string(to_word(status))},
                                      {":now", std::int64_t{now}}});
  });
}

bool RunStore::has_our_tables() { return database_.has_table("heretix_executions"); }

std::string RunStore::mock_condition() const { return std::string(kIsMockRun); }

std::string RunStore::where(const std::string& mock_condition, Origin origin) {
  if (origin == Origin::any) return "";
  return fmt::format(" WHERE {}({})", origin == Origin::mock ? "" : "NOT ", mock_condition);
}

std::vector<Row> RunStore::runs(std::size_t most, Origin origin) {
  const std::string_view sql = has_our_tables() ? kRuns : kForeignRuns;
  return database_.query(fmt::format(fmt::runtime(sql), mock_condition(), where(mock_condition(), origin)),
                         {{":most", static_cast<std::int64_t>(most)}});
}

namespace {

// " AND …", for executions; nothing for any.
std::string and_from(Origin origin) {
  if (origin == Origin::any) return "";
  return fmt::format(" AND {}({})", origin == Origin::mock ? "" : "NOT ", kIsMockExecution);
}

}  // namespace

std::vector<Row> RunStore::unfinished(std::size_t most, Origin origin) {
  if (!has_our_tables()) return {};
  std::string columns;
  for (const std::string& name : runs_columns()) {
    const bool is_known = std::ranges::find(kExecutionColumns, name) != kExecutionColumns.end();
    columns += is_known ? fmt::format("e.{0} AS {0}, ", name) : fmt::format("NULL AS {}, ", name);
  }
  return database_.query(
      fmt::format("SELECT {}({}) AS is_mock, e.status AS status, (SELECT count(*) FROM heretix_attempts a WHERE "
                  "a.execution_id = e.execution_id AND a.outcome = 'answered') AS answers FROM heretix_executions e "
                  "WHERE {}{}{} ORDER BY e.created_at DESC, e.run_id LIMIT :most",
                  columns, kIsMockExecution, kIsUnfinished, kNewestWithoutResult, and_from(origin)),
      {{":most", static_cast<std::int64_t>(most)}});
}

std::size_t RunStore::count_unfinished(Origin origin) {
  if (!has_our_tables()) return 0;
  const auto counted = database_.query(fmt::format("SELECT count(*) AS n FROM heretix_executions e WHERE {}{}{}",
                                                   kIsUnfinished, kNewestWithoutResult, and_from(origin)));
  return static_cast<std::size_t>(counted[0].integer("n").value_or(0));
}

std::optional<ExecutionRow> RunStore::find_unfinished(const std::string& name) {
  if (name.empty() || !has_our_tables()) return std::nullopt;
  const bool is_execution = name.starts_with("exec-");
  if (!is_execution && !database_.query(kFindRun, {{":name", name}}).empty())
    return std::nullopt;  // a result comes first
  const std::vector<Row> found = database_.query(
      fmt::format("SELECT * FROM heretix_executions e WHERE {}{} AND substr(e.{}, 1, length(:name)) = :name",
                  kIsUnfinished, is_execution ? "" : kNewestWithoutResult, is_execution ? "execution_id" : "run_id"),
      {{":name", name}});
  if (found.size() > 1)
    throw Error(ErrorKind::bad_input, fmt::format("{} unfinished runs begin with '{}'", found.size(), name),
                "give more of the id; see heretix list");
  return found.empty() ? std::nullopt : std::optional(execution_from(found[0]));
}

std::size_t RunStore::count(Origin origin) {
  const auto counted =
      database_.query(fmt::format("SELECT count(*) AS n FROM {}{}", table(), where(mock_condition(), origin)));
  return static_cast<std::size_t>(counted[0].integer("n").value_or(0));
}

RunId RunStore::find_run(const std::string& name) {
  if (name.empty()) throw Error(ErrorKind::bad_input, "no run was named", "see heretix list");
  if (name == kNewest) return newest_run();
  std::vector<Row> found = database_.query(kFindRun, {{":name", name}});
  if (found.empty() && has_our_tables()) found = database_.query(kFindMeasured, {{":name", name}});
  if (found.empty()) {
    if (const auto execution = execution_named(name)) return RunId{execution->run_id.text()};
  }
  const auto unfinished = found.empty() ? find_unfinished(name) : std::nullopt;
  if (unfinished)
    throw Error(ErrorKind::not_found,
                fmt::format("{} has no result: its execution {} is {}", unfinished->run_id, unfinished->execution_id,
                            to_word(unfinished->status)),
                fmt::format("heretix answers {} shows what came back; run the same command again to continue", name));
  return only_one(found, name);
}

std::optional<ExecutionRow> RunStore::execution_named(const std::string& name) {
  const std::size_t dash = name.rfind('-');
  if (dash == std::string::npos || name.size() - dash - 1 != kExecutionDigits) return std::nullopt;
  auto found = execution(ExecutionId{"exec-" + execution_digits(name)});
  if (!found || found->status != ExecutionStatus::done) return std::nullopt;
  const bool is_named =
      name == found->execution_id.text() || name == check_run_id(found->run_id, found->execution_id).text();
  return is_named ? found : std::nullopt;
}

RunId RunStore::newest_run() {
  auto newest = runs(1, Origin::model);
  if (newest.empty()) newest = runs(1, Origin::any);
  if (newest.empty()) throw Error(ErrorKind::not_found, "there is no run yet", "measure a claim: heretix run CLAIM");
  return newest[0].id<RunId>("run_id");
}

RunId RunStore::only_one(const std::vector<Row>& found, const std::string& name) {
  if (found.empty()) throw Error(ErrorKind::not_found, fmt::format("there is no run '{}'", name), "see heretix list");
  const auto exact = std::ranges::find_if(found, [&](const Row& row) { return row.text("run_id") == name; });
  if (exact != found.end()) return RunId{name};
  if (found.size() > 1) {
    throw Error(ErrorKind::bad_input, fmt::format("{} runs begin with '{}'", found.size(), name),
                "give more of the id; see heretix list");
  }
  return found[0].id<RunId>("run_id");
}

Row RunStore::run(const RunId& run_id) {
  std::vector<Row> found = database_.query("SELECT * FROM runs WHERE run_id = :run", {{":run", run_id}});
  if (found.empty()) throw Error(ErrorKind::not_found, fmt::format("there is no run '{}'", run_id), "see heretix list");
  return found[0];
}

std::optional<ExecutionRow> RunStore::newest_execution(const RunId& run_id) {
  if (!has_our_tables()) return std::nullopt;
  const auto found = database_.query(
      "SELECT * FROM heretix_executions WHERE run_id = :run AND status = 'done' ORDER BY rowid DESC LIMIT 1",
      {{":run", run_id}});
  return found.empty() ? std::nullopt : std::optional(execution_from(found[0]));
}

std::vector<ExecutionHead> RunStore::done_executions() {
  std::vector<ExecutionHead> heads;
  if (!has_our_tables()) return heads;
  for (const Row& row : database_.query(kDoneExecutions, {})) {
    heads.push_back({row.id<ExecutionId>("execution_id"), row.id<RecipeId>("run_id"),
                     row.integer("created_at").value_or(0), row.required_text("claim"), row.id<ModelName>("model"),
                     row.required_text("prompt_version"), is_mock_mode(row.required_text("mode"))});
  }
  return heads;
}

std::optional<ExecutionRow> RunStore::execution(const ExecutionId& execution_id) {
  if (!has_our_tables()) return std::nullopt;
  const auto found =
      database_.query("SELECT * FROM heretix_executions WHERE execution_id = :id", {{":id", execution_id}});
  return found.empty() ? std::nullopt : std::optional(execution_from(found[0]));
}

std::optional<std::string> RunStore::bank_text(const std::string& content_sha256) {
  const auto found =
      database_.query("SELECT bank_json FROM heretix_banks WHERE content_sha256 = :hash", {{":hash", content_sha256}});
  return found.empty() ? std::nullopt : found[0].text("bank_json");
}

std::vector<CountedKey> RunStore::counted_keys(const ExecutionId& execution_id) {
  std::vector<CountedKey> keys;
  for (const Row& row : database_.query(kCounted, {{":id", execution_id}})) {
    const auto attempt = row.integer("attempt");
    keys.push_back({row.required_text("cache_key"), attempt ? std::optional(static_cast<int>(*attempt)) : std::nullopt,
                    row.integer("from_store") == 1});
  }
  return keys;
}

std::optional<Answer> RunStore::answer(const CountedKey& key) {
  const auto row = key.attempt ? answer_row(key.cache_key, *key.attempt) : sample(key.cache_key);
  if (!row) return std::nullopt;
  Answer found = key.attempt ? answer_from(*row) : answer_from_sample(*row);
  found.from_store = key.from_store;
  found.attempt = key.attempt_in_file.value_or(found.attempt);
  return found;
}

std::vector<Row> RunStore::samples_of(const RunId& run_id) { return samples_of_recipe(RecipeId{run_id.text()}); }

std::vector<Row> RunStore::samples_of_recipe(const RecipeId& recipe) {
  return database_.query(kSamplesOfRun, {{":run", recipe}});
}

std::optional<Row> RunStore::sample(const std::string& cache_key) {
  auto found = database_.query("SELECT * FROM samples WHERE cache_key = :key", {{":key", cache_key}});
  return found.empty() ? std::nullopt : std::optional(found[0]);
}

std::optional<Row> RunStore::answer_row(const std::string& cache_key, int attempt) {
  auto found = database_.query("SELECT * FROM heretix_answers WHERE cache_key = :key AND attempt = :attempt",
                               {{":key", cache_key}, {":attempt", std::int64_t{attempt}}});
  return found.empty() ? std::nullopt : std::optional(found[0]);
}

std::vector<Row> RunStore::answer_rows(const std::string& cache_key) {
  return database_.query("SELECT * FROM heretix_answers WHERE cache_key = :key ORDER BY attempt",
                         {{":key", cache_key}});
}

std::vector<Row> RunStore::attempt_rows(const std::string& cache_key) {
  return database_.query("SELECT * FROM heretix_attempts WHERE cache_key = :key ORDER BY attempt",
                         {{":key", cache_key}});
}

// Seeds and the artifact's place have checks of their own, and config_json is read to make the record.
std::vector<ExpectedColumn> RunStore::expected_columns(const Record& r, const Row&) {
  constexpr std::array kOwnChecks = {"seed", "bootstrap_seed", "config_json", kArtifactColumn};
  std::vector<ExpectedColumn> expected;
  for (const MeasuredColumn& column : measured_columns()) {
    const bool is_apart = std::ranges::find(kOwnChecks, std::string_view(column.name)) != kOwnChecks.end();
    if (column.is_in_runs && !is_apart) expected.push_back({column.name, column.value(r)});
  }
  return expected;
}

}  // namespace heretix
