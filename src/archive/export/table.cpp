#include "archive/export/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "base/error.hpp"
#include "belief/record/measured_columns.hpp"

namespace heretix {
namespace {

using enum ColumnType;

constexpr Column kExecutionId{"execution_id", text, false, "the execution that measured it; null where none is known"};
constexpr Column kRecipeRunId{"recipe_run_id", text, false, "names the recipe: claim, model, prompts, K, R, T, …"};
constexpr Column kMode{"mode", text, true, "LIVE or MOCK, with what changes the answers; null: not recorded"};
constexpr Column kSource{"source", text, true, "the store it was read from: sqlite or postgres"};
constexpr Column kAlsoIn{"also_in", text, true, "the other store that holds it too: sqlite, else null"};
constexpr Column kUser{"user_hash", text, true, "HMAC-SHA256 of the user's id with HERETIX_EXPORT_KEY; null without"};

ColumnType type_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::text: return text;
    case ColumnKind::integer: return integer;
    case ColumnKind::bits: return unsigned_integer;
    case ColumnKind::truth: return boolean;
    case ColumnKind::real: return real;
    case ColumnKind::bytes: break;
  }
  throw Error(ErrorKind::broken, "the dataset has no column of bytes");
}

Column column_of(const MeasuredColumn& measured) {
  return {measured.name, type_of(measured.kind), measured.repeats, measured.meaning};
}
Column measured(std::string_view name) { return column_of(measured_column(name)); }

constexpr std::array kBeforeMeasured = {
    Column{"check_id", text, false, "unique: <recipe_run_id>-<12 hexadecimal digits>; run_id in Postgres"},
    kExecutionId,
    kRecipeRunId,
    kMode,
    kSource,
    kAlsoIn,
    Column{"row_id", text, false, "checks.id in Postgres; null for sqlite"},
    Column{"stored_env", text, true, "checks.env as stored; the folder env= is the database it was read from"},
    kUser};

constexpr std::array kAfterMeasured = {
    Column{"created_at", timestamp, false, "the measurement began; decides the month"},
    Column{"finished_at", timestamp, false, "it ended"},
    Column{"bootstrap_seed_signed", integer, false,
           "the bits of bootstrap_seed as a signed number, as Postgres has it"},
    Column{"claim_p", real, false, "what the claim's side of a decision got; this and what follows: null for others"},
    Column{"negation_p", real, false, "what its negation got; this and what follows: null where it was not asked"},
    Column{"yes_bias_logit", real, false, "tendency to say yes to both sides, in log-odds"},
    Column{"yes_bias_lo", real, false, "its 95 % interval, low end"},
    Column{"yes_bias_hi", real, false, "its 95 % interval, high end"},
    Column{"contradicting_share", real, true, "share of wordings whose two sides contradict each other"},
    Column{"number_step", real, true, "step of the model's numbers in a decision; 0: none was found"}};

std::vector<Column> columns_of_checks() {
  std::vector<Column> columns(kBeforeMeasured.begin(), kBeforeMeasured.end());
  std::ranges::transform(measured_columns(), std::back_inserter(columns), column_of);
  columns.insert(columns.end(), kAfterMeasured.begin(), kAfterMeasured.end());
  return columns;
}

const std::vector<Column> kChecks = columns_of_checks();

const std::vector<Column> kSamples = {
    Column{"cache_key", text, false, "names the question and the replicate"},
    Column{"execution_id", text, true, "the execution that asked it; null where none is known"},
    kRecipeRunId,
    kMode,
    kSource,
    kAlsoIn,
    Column{"prompt_sha256", text, true, "the wording"},
    Column{"paraphrase_idx", integer, true, "its place in the prompt bank, from 0"},
    Column{"replicate_idx", integer, true, "its replicate"},
    Column{"prob_true", real, true, "the answer; null where it was refused"},
    Column{"logit", real, true, "the answer in log-odds"},
    measured("provider_model_id"),
    Column{"response_id", text, false, "the provider's name for the answer"},
    Column{"tokens_out", integer, true, "of the answer"},
    Column{"latency_ms", real, false, "from request to answer"},
    Column{"json_valid", boolean, false, "whether the answer had the agreed form"},
    Column{"created_at", timestamp, false, "the answer came; decides the month"},
    Column{"claim_p", real, true, "what was stated of the claim, in a decision; null for others"},
    Column{"negation_p", real, true, "what was stated of its negation; null where it was not asked"},
    Column{"number_step", real, true, "the step by which the two were read; 0: none"}};

const std::vector<Column> kExecutions = {
    Column{"execution_id", text, false, "unique"},
    kRecipeRunId,
    kMode,
    kSource,
    kAlsoIn,
    Column{"status", text, true, "running, done, stopped, failed, replaced (asked anew as the server takes it)"},
    measured("claim"),
    measured("model"),
    measured("prompt_version"),
    Column{"bank_content_sha256", text, true, "of the prompt bank"},
    measured("config_json"),
    Column{"record_json", text, false, "the whole record (docs/record.md), once done; null under --no-claims"},
    Column{"record_sha256", text, false, "of the record"},
    Column{"attempts", integer, true, "requests sent"},
    Column{"billed_micro_usd", integer, true, "millionths of a dollar, where known; null: of no attempt"},
    Column{"attempts_unpriced", integer, true, "sent, and what they cost is not known"},
    Column{"tokens_in", integer, true, "of all its answers, where told"},
    Column{"tokens_out", integer, true, "of all its answers, where told"},
    Column{"created_at", timestamp, false, "it began; decides the month"},
    Column{"finished_at", timestamp, false, "it ended"}};

constexpr std::array kUsage = {Column{"ledger_id", text, false, "usage_ledger.id"},
                               Column{"execution_id", text, true, "always null: the ledger counts by period"},
                               Column{"recipe_run_id", text, true, "always null"},
                               Column{"mode", text, true, "always null"},
                               kSource,
                               kAlsoIn,
                               kUser,
                               Column{"period_start", date, true, "first day; decides the month"},
                               Column{"period_end", date, true, "last day"},
                               Column{"plan", text, true, "of the account"},
                               Column{"checks_allowed", integer, true, "in the period"},
                               Column{"checks_used", integer, true, "so far"},
                               Column{"updated_at", timestamp, false, "last change"}};

std::size_t index_of(std::span<const Column> columns, std::string_view name) {
  std::size_t place = 0;
  while (place < columns.size() && columns[place].name != name) ++place;
  return place;
}

const std::array kTables = {Table{"checks", kChecks, 0, index_of(kChecks, "created_at")},
                            Table{"samples", kSamples, 0, index_of(kSamples, "created_at")},
                            Table{"executions", kExecutions, 0, index_of(kExecutions, "created_at")},
                            Table{"usage", kUsage, 0, index_of(kUsage, "period_start")}};

}  // namespace

bool Table::has(std::string_view column) const { return index_of(columns, column) < columns.size(); }

std::size_t Table::place(std::string_view column) const {
  const std::size_t found = index_of(columns, column);
  if (found < columns.size()) return found;
  throw Error(ErrorKind::broken, fmt::format("the table {} has no column {}", name, column));
}

std::span<const Table> dataset_tables() { return kTables; }

const Table& dataset_table(std::string_view name) {
  const auto found = std::ranges::find(kTables, name, &Table::name);
  if (found != kTables.end()) return *found;
  throw Error(ErrorKind::broken, fmt::format("the dataset has no table {}", name));
}

const char* type_name(ColumnType type) {
  switch (type) {
    case text: return "string";
    case boolean: return "bool";
    case integer: return "int64";
    case unsigned_integer: return "uint64";
    case real: return "double";
    case timestamp: return "timestamp[us, UTC]";
    case date: return "date32";
  }
  throw Error(ErrorKind::broken, "a column without a type");
}

std::string schema_docs() {
  std::string text = fmt::format("Schema version {}.\n", kSchemaVersion);
  for (const Table& table : kTables) {
    text += fmt::format("\n### {}\n\n| column | type | |\n|---|---|---|\n", table.name);
    for (const Column& column : table.columns)
      text += fmt::format("| {} | {} | {} |\n", column.name, type_name(column.type), column.meaning);
  }
  return text;
}

}  // namespace heretix
