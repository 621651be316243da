#include "archive/export/sqlite_queries.hpp"

#include <fmt/format.h>

#include <array>

#include "base/error.hpp"
#include "belief/record/measured_columns.hpp"

namespace heretix {
namespace {

struct Selected {
  std::string column;
  std::string sql;
};

// If rows are to be sorted, only their keys are sorted and the rows are then fetched in that order, because SQLite
// would carry whole rows through its sort.
struct TableQuery {
  std::vector<Selected> selected;
  std::string from;         // the rows as they lie
  std::string time, key;    // time and key of such a row
  std::string row;          // its row numbers, as columns of the sorted keys `k`
  std::string again;        // finds the rows from `k`
  std::string more_keys{};  // UNION ALL …
};

// The column is in a row of `runs` and in a record, so that either can serve for the other.
bool stands_in_both(const MeasuredColumn& column) { return column.is_in_runs && column.in_record != nullptr; }

// What a decision was made of (docs/decisions.md), and where a record or an answer's text has it.
struct DecisionColumn {
  const char* name;
  const char* in_record;
};
constexpr std::array kDecisionColumns = {DecisionColumn{"claim_p", "$.readout.claim"},
                                         DecisionColumn{"negation_p", "$.readout.negation"},
                                         DecisionColumn{"yes_bias_logit", "$.readout.yes_bias.log_odds"},
                                         DecisionColumn{"yes_bias_lo", "$.readout.yes_bias.low"},
                                         DecisionColumn{"yes_bias_hi", "$.readout.yes_bias.high"},
                                         DecisionColumn{"contradicting_share", "$.readout.contradicting_share"},
                                         DecisionColumn{"number_step", "$.readout.step"}};
constexpr std::array kSidesColumns = {DecisionColumn{"claim_p", "$.readout.claim"},
                                      DecisionColumn{"negation_p", "$.readout.negation"},
                                      DecisionColumn{"number_step", "$.readout.step"}};

// The text of the answer that a sample was made of.
constexpr const char* kAnswerText =
    "(SELECT CAST(x.raw_text AS TEXT) FROM heretix_answers x WHERE x.cache_key = s.cache_key AND x.usable = 1 AND "
    "x.response_id IS s.response_id AND x.created_at IS s.created_at LIMIT 1)";

// Only the texts of decisions are parsed: parsing those of all other rows would cost the export its speed.
Selected of_decision(const DecisionColumn& column, const char* text) {
  return {column.name, fmt::format("CASE WHEN instr(e.mode, ';readout=decision') > 0 AND json_valid({0}) THEN "
                                   "json_extract({0}, '{1}') END",
                                   text, column.in_record)};
}

constexpr const char* kNewest =
    " LEFT JOIN heretix_executions e ON e.rowid = (SELECT max(x.rowid) FROM heretix_executions x WHERE x.run_id = "
    "r.run_id AND x.status = 'done')";
constexpr const char* kEarlierKeys =
    " UNION ALL SELECT x.created_at, x.run_id || '-' || substr(x.execution_id, -12), NULL, x.rowid, x.execution_id "
    "FROM "
    "heretix_executions x WHERE x.status = 'done' AND json_valid(x.record_json) AND x.rowid <> (SELECT max(y.rowid) "
    "FROM heretix_executions y WHERE y.run_id = x.run_id AND y.status = 'done')";

void add_decision_columns(TableQuery& query) {
  for (const DecisionColumn& column : kDecisionColumns) query.selected.push_back(of_decision(column, "e.record_json"));
}

// One row for each run, with its newest execution beside it.
TableQuery checks_query(bool has_executions) {
  const char* join = has_executions ? kNewest : "";
  TableQuery query{.selected = {},
                   .from = fmt::format("runs r{}", join),
                   .time = has_executions ? "coalesce(e.created_at, r.created_at)" : "r.created_at",
                   .key = has_executions
                              ? "r.run_id || '-' || coalesce(substr(e.execution_id, -12), digits_of_run(r.run_id, "
                                "r.created_at))"
                              : "r.run_id || '-' || digits_of_run(r.run_id, r.created_at)",
                   .row = "r.rowid AS run_row",
                   .again = fmt::format("JOIN runs r ON r.rowid = k.run_row{}", join)};

  query.selected = {{"check_id", query.key},
                    {"created_at", query.time},
                    {"finished_at", has_executions ? "coalesce(e.finished_at, r.created_at)" : "r.created_at"},
                    {"mode", has_executions ? "e.mode" : "NULL"},
                    {"was_cached", "0"},
                    {"counts_by_template_json", "r.counts_by_template_json"},
                    {"artifact_json_path", "r.artifact_json_path"}};

  for (const MeasuredColumn& column : measured_columns()) {
    if (stands_in_both(column)) query.selected.push_back({column.name, fmt::format("r.{}", column.name)});
  }
  if (has_executions) add_decision_columns(query);
  return query;
}

// As checks_query(), with one more row for each earlier execution of the same recipe, whose run row was replaced.
// `earlier` names that execution, and its record says what the row said.
TableQuery all_checks_query() {
  TableQuery query = checks_query(true);
  query.row = "r.rowid AS run_row, e.rowid AS execution_row, NULL AS earlier";
  query.more_keys = kEarlierKeys;
  query.again = "LEFT JOIN runs r ON r.rowid = k.run_row LEFT JOIN heretix_executions e ON e.rowid = k.execution_row";

  query.selected = {
      {"check_id", "k.key"},
      {"created_at", "k.time"},
      {"finished_at", "coalesce(e.finished_at, r.created_at)"},
      {"mode", "e.mode"},
      {"was_cached", "0"},
      {"counts_by_template_json",
       "iif(k.earlier IS NULL, r.counts_by_template_json, (SELECT json_group_object(sha, usable) FROM (SELECT "
       "json_extract(t.value, '$.prompt_sha256') AS sha, json_extract(t.value, '$.usable') AS usable FROM "
       "json_each(e.record_json, '$.templates') t ORDER BY sha)))"},
      {"artifact_json_path",
       "iif(k.earlier IS NULL, r.artifact_json_path, 'artifacts/' || e.execution_id || '.json')"}};

  for (const MeasuredColumn& column : measured_columns()) {
    if (!stands_in_both(column)) continue;
    query.selected.push_back({column.name, fmt::format("iif(k.earlier IS NULL, r.{}, json_extract(e.record_json, "
                                                       "'{}'))",
                                                       column.name, column.in_record)});
  }
  add_decision_columns(query);
  return query;
}

TableQuery samples_query(bool has_executions) {
  // The execution of the answer that became the sample. An attempt of another file may have a higher number.
  const char* join =
      has_executions
          ? " LEFT JOIN heretix_executions e ON e.execution_id = coalesce((SELECT x.execution_id FROM heretix_answers "
            "x "
            "WHERE x.cache_key = s.cache_key AND x.response_id IS s.response_id AND x.created_at IS s.created_at), "
            "(SELECT x.execution_id FROM heretix_answers x WHERE x.cache_key = s.cache_key ORDER BY x.attempt DESC "
            "LIMIT 1))"
          : "";

  TableQuery query{.selected = {{"cache_key", "s.cache_key"}, {"created_at", "s.created_at"}},
                   .from = fmt::format("samples s{}", join),
                   .time = "s.created_at",
                   .key = "s.cache_key",
                   .row = "s.rowid AS sample_row",
                   .again = fmt::format("JOIN samples s ON s.rowid = k.sample_row{}", join)};

  query.selected.push_back({"execution_id", has_executions ? "e.execution_id" : "NULL"});
  query.selected.push_back({"recipe_run_id", "s.run_id"});
  query.selected.push_back({"mode", has_executions ? "e.mode" : "NULL"});

  for (const char* name : {"prompt_sha256", "paraphrase_idx", "replicate_idx", "prob_true", "logit",
                           "provider_model_id", "response_id", "tokens_out", "latency_ms", "json_valid"})
    query.selected.push_back({name, std::string("s.") + name});

  if (!has_executions) return query;
  for (const DecisionColumn& column : kSidesColumns) query.selected.push_back(of_decision(column, kAnswerText));
  return query;
}

// SQLite adds a text that is not a number as 0. If a column holds one, it is returned in place of the sum: texts are
// greater than all numbers, and the reader then refuses it by name.
std::string sum_of_numbers(const char* column) {
  return fmt::format("iif(count(*) FILTER (WHERE typeof({0}) IN ('text', 'blob')) > 0, max({0}), sum({0}))", column);
}

TableQuery executions_query() {
  const std::string sums = fmt::format(
      " LEFT JOIN (SELECT execution_id, count(*) AS attempts, {} AS billed, count(*) FILTER (WHERE "
      "billed_micro_usd IS NULL AND outcome IS NOT 'not_sent') AS unpriced FROM heretix_attempts GROUP BY "
      "execution_id) t ON t.execution_id = e.execution_id LEFT JOIN (SELECT execution_id, {} AS tokens_in, "
      "{} AS tokens_out FROM heretix_answers GROUP BY execution_id) a ON a.execution_id = e.execution_id",
      sum_of_numbers("billed_micro_usd"), sum_of_numbers("tokens_in"), sum_of_numbers("tokens_out"));

  TableQuery query{.selected = {{"execution_id", "e.execution_id"},
                                {"created_at", "e.created_at"},
                                {"recipe_run_id", "e.run_id"},
                                {"attempts", "coalesce(t.attempts, 0)"},
                                {"billed_micro_usd", "t.billed"},
                                {"attempts_unpriced", "coalesce(t.unpriced, 0)"},
                                {"tokens_in", "a.tokens_in"},
                                {"tokens_out", "a.tokens_out"}},
                   .from = fmt::format("heretix_executions e{}", sums),
                   .time = "e.created_at",
                   .key = "e.execution_id",
                   .row = "e.rowid AS execution_row",
                   .again = fmt::format("JOIN heretix_executions e ON e.rowid = k.execution_row{}", sums)};

  for (const char* name : {"mode", "status", "claim", "model", "prompt_version", "bank_content_sha256", "config_json",
                           "record_json", "record_sha256", "finished_at"})
    query.selected.push_back({name, std::string("e.") + name});
  return query;
}

std::string where(const std::string& time, const Period& period) {
  constexpr std::int64_t kMicros = 1'000'000;
  if (period.from == Month::unknown() && !period.before) return "";
  if (period.from == Month::unknown())
    return fmt::format(" WHERE {0} < {1} OR {0} IS NULL", time, period.before->first_micro() / kMicros);
  std::string text = fmt::format(" WHERE {} >= {}", time, period.from.first_micro() / kMicros);
  if (period.before) text += fmt::format(" AND {} < {}", time, period.before->first_micro() / kMicros);
  return text;
}

TableQuery query_of(const Table& table, const HarnessFacts& facts) {
  const std::string_view name(table.name);
  if (name == "checks") return facts.has_earlier ? all_checks_query() : checks_query(facts.has_executions);
  if (name == "samples") return samples_query(facts.has_executions);
  if (name == "executions") return executions_query();
  throw Error(ErrorKind::broken, fmt::format("no query reads {}", name));
}

}  // namespace

SqliteQuery sqlite_query(const Table& table, const HarnessFacts& facts, const Period& period, bool is_sorted) {
  const TableQuery query = query_of(table, facts);
  SqliteQuery result;
  std::string columns;
  for (const Selected& one : query.selected) {
    result.columns.push_back(one.column);
    columns += (columns.empty() ? "" : ", ") + one.sql;
  }
  if (!is_sorted && query.more_keys.empty()) {
    result.sql = fmt::format("SELECT {} FROM {}{}", columns, query.from, where(query.time, period));
    return result;
  }
  // LIMIT -1 keeps the order of the subquery.
  result.sql = fmt::format(
      "SELECT {} FROM (SELECT * FROM (SELECT {} AS time, {} AS key, {} FROM {}{}){} ORDER BY time, "
      "key LIMIT -1) k {}",
      columns, query.time, query.key, query.row, query.from, query.more_keys, where("time", period), query.again);
  return result;
}

}  // namespace heretix
