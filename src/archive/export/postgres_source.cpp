#include "archive/export/postgres_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "archive/export/check_names.hpp"
#include "archive/export/copied_rows.hpp"
#include "archive/export/postgres_columns.hpp"
#include "archive/export/window.hpp"
#include "base/error.hpp"
#include "belief/record/measured_columns.hpp"
#include "measure/check_row.hpp"

namespace heretix {
namespace {

// A column of the dataset and how Postgres says it; the first two are time and key. Columns that are not listed stay
// null.
struct CopiedExpression {
  std::string column;
  std::string sql;
  bool is_uuid = false;
};

struct CopyQuery {
  const char* table;
  std::vector<CopiedExpression> selected;
  const char* from;
  const char* time;   // what the period and the order go by
  const char* key;    // ties in time
  const char* bound;  // a bound of the period, from microseconds since 1970
};

constexpr const char* kTimestampBound = "timestamptz 'epoch' + {} * interval '1 microsecond'";
constexpr const char* kSecondsBound = "{} / 1000000";
constexpr const char* kDateBound = "(timestamp 'epoch' + {} * interval '1 microsecond')::date";

CopyQuery with_measured_columns(CopyQuery checks) {
  for (const MeasuredColumn& column : measured_columns())
    checks.selected.push_back({column.name, "c." + quoted_column(column.name)});
  return checks;
}

const std::vector<CopyQuery> kQueries = {
    with_measured_columns(
        {"checks",
         {{"created_at", "c.created_at"},
          {"check_id", "c.run_id"},
          {"row_id", "c.id", true},
          {"stored_env", "c.env"},
          {"user_hash", "c.user_id", true},
          {"finished_at", "c.finished_at"},
          {"claim_p", "(d.facts->>'claim')::double precision"},
          {"negation_p", "(d.facts->>'negation')::double precision"},
          {"yes_bias_logit", "(d.facts->'yes_bias'->>'log_odds')::double precision"},
          {"yes_bias_lo", "(d.facts->'yes_bias'->>'low')::double precision"},
          {"yes_bias_hi", "(d.facts->'yes_bias'->>'high')::double precision"},
          {"contradicting_share", "(d.facts->>'contradicting_share')::double precision"},
          {"number_step", "(d.facts->>'step')::double precision"}},
         // Only records of decisions are looked into.
         "checks c LEFT JOIN heretix_executions e ON e.execution_id = 'exec-' || right(c.run_id, 12) AND e.mode LIKE "
         "'%;readout=decision%' LEFT JOIN LATERAL (SELECT e.record_json::jsonb->'readout' AS facts) d ON "
         "e.execution_id IS "
         "NOT NULL",
         "c.created_at",
         "c.run_id",
         kTimestampBound}),
    {"samples",
     {{"created_at", "timestamptz 'epoch' + s.created_at * interval '1 second'"},
      {"cache_key", "s.cache_key"},
      {"execution_id", "a.execution_id"},
      {"recipe_run_id", "s.run_id"},
      {"mode", "e.mode"},
      {"prompt_sha256", "s.prompt_sha256"},
      {"paraphrase_idx", "s.paraphrase_idx"},
      {"replicate_idx", "s.replicate_idx"},
      {"prob_true", "s.prob_true"},
      {"logit", "s.logit"},
      {"provider_model_id", "s.provider_model_id"},
      {"response_id", "s.response_id"},
      {"tokens_out", "s.tokens_out"},
      {"latency_ms", "s.latency_ms"},
      {"json_valid", "s.json_valid"},
      {"claim_p", "(d.sides->>'claim')::double precision"},
      {"negation_p", "(d.sides->>'negation')::double precision"},
      {"number_step", "(d.sides->>'step')::double precision"}},
     // The answer that the sample is; another file's attempt may bear a higher number.
     "samples s LEFT JOIN LATERAL (SELECT x.execution_id, x.usable, x.raw_text FROM heretix_answers x WHERE "
     "x.cache_key "
     "= s.cache_key ORDER BY (x.response_id IS NOT DISTINCT FROM s.response_id AND x.created_at IS NOT DISTINCT FROM "
     "s.created_at) DESC, x.attempt DESC LIMIT 1) a ON true LEFT JOIN heretix_executions e ON e.execution_id = "
     "a.execution_id LEFT JOIN LATERAL (SELECT convert_from(a.raw_text, 'UTF8')::jsonb->'readout' AS sides) d ON "
     "a.usable = 1 AND e.mode LIKE '%;readout=decision%'",
     "s.created_at",
     "s.cache_key",
     kSecondsBound},
    {"executions",
     {{"created_at", "timestamptz 'epoch' + e.created_at * interval '1 second'"},
      {"execution_id", "e.execution_id"},
      {"recipe_run_id", "e.run_id"},
      {"mode", "e.mode"},
      {"status", "e.status"},
      {"claim", "e.claim"},
      {"model", "e.model"},
      {"prompt_version", "e.prompt_version"},
      {"bank_content_sha256", "e.bank_content_sha256"},
      {"config_json", "e.config_json"},
      {"record_json", "e.record_json"},
      {"record_sha256", "e.record_sha256"},
      {"attempts", "coalesce(t.attempts, 0)"},
      {"billed_micro_usd", "t.billed::bigint"},
      {"attempts_unpriced", "coalesce(t.unpriced, 0)"},
      {"tokens_in", "a.tokens_in::bigint"},
      {"tokens_out", "a.tokens_out::bigint"},
      {"finished_at", "timestamptz 'epoch' + e.finished_at * interval '1 second'"}},
     "heretix_executions e LEFT JOIN (SELECT execution_id, count(*) AS attempts, sum(billed_micro_usd) AS billed, "
     "count(*) FILTER (WHERE billed_micro_usd IS NULL AND outcome IS DISTINCT FROM 'not_sent') AS unpriced FROM "
     "heretix_attempts GROUP BY execution_id) t ON t.execution_id = e.execution_id LEFT JOIN (SELECT execution_id, "
     "sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out FROM heretix_answers GROUP BY execution_id) a ON "
     "a.execution_id = e.execution_id",
     "e.created_at",
     "e.execution_id",
     kSecondsBound},
    {"usage",
     {{"period_start", "u.period_start"},
      {"ledger_id", "u.id::text"},
      {"user_hash", "u.user_id", true},
      {"period_end", "u.period_end"},
      {"plan", "u.plan"},
      {"checks_allowed", "u.checks_allowed"},
      {"checks_used", "u.checks_used"},
      {"updated_at", "u.updated_at"}},
     "usage_ledger u",
     "u.period_start",
     "u.id::text",
     kDateBound}};

std::string where(const CopyQuery& query, const Period& period) {
  std::string text;
  const auto add = [&](const char* comparison, Month month) {
    const std::string bound = fmt::format(fmt::runtime(query.bound), month.first_micro());
    text += fmt::format("{} {} {} {}", text.empty() ? " WHERE" : " AND", query.time, comparison, bound);
  };
  if (period.from != Month::unknown()) add(">=", period.from);
  if (period.before) add("<", *period.before);
  const bool keeps_null = period.from == Month::unknown() && period.before;
  if (keeps_null) text += fmt::format(" OR {} IS NULL", query.time);
  return text;
}

std::string copy_statement(const CopyQuery& query, const Period& period, bool is_sorted) {
  std::string columns;
  for (const CopiedExpression& one : query.selected) columns += (columns.empty() ? "" : ", ") + std::string(one.sql);
  const std::string order =
      is_sorted ? fmt::format(" ORDER BY {} NULLS FIRST, {} COLLATE \"C\"", query.time, query.key) : "";
  return fmt::format("COPY (SELECT {} FROM {}{}{}) TO STDOUT (FORMAT binary)", columns, query.from,
                     where(query, period), order);
}

std::vector<CopiedField> fields_of(const CopyQuery& query, const Table& table) {
  std::vector<CopiedField> fields;
  for (const CopiedExpression& one : query.selected) {
    const std::size_t place = table.place(one.column);
    fields.push_back({.place = place,
                      .type = table.columns[place].type,
                      .is_uuid = one.is_uuid,
                      .column = table.columns[place].name});
  }
  return fields;
}

class CopyStream final : public RowStream {
 public:
  CopyStream(PostgresDatabase& database, const CopyQuery& query, const Table& table, const Period& period,
             std::set<std::string>& sorted_tables)
      : database_(database),
        table_(table),
        sorted_tables_(sorted_tables),
        reader_(fields_of(query, table)),
        storage_(table.columns.size()),
        cells_(storage_) {
    const bool is_sorted = sorted_tables.contains(table.name);
    database_.start_copy(copy_statement(query, period, is_sorted));
    window_ = Window<CopiedRow>(is_sorted ? 1 : kWindowRows);
  }

  // A COPY that nobody reads to its end would stand in the way of the next one. Cancelling it would end the snapshot.
  ~CopyStream() override {
    try {
      while (!is_ended_ && database_.next_copied()) {}
    } catch (const Error&) {
      is_ended_ = true;  // the connection broke: its next use says so
    }
  }
  CopyStream(const CopyStream&) = delete;
  CopyStream& operator=(const CopyStream&) = delete;

  Cells* next() override {
    while (!is_ended_ && !window_.is_full()) fetch();
    if (!window_.pop(row_)) return nullptr;
    if (window_.went_back()) {
      sorted_tables_.insert(table_.name);
      throw RowsOutOfOrder();
    }
    std::ranges::fill(cells_, Cell{});
    try {
      reader_.read(row_.fields(), cells_);
    } catch (const Error& e) {
      throw Error(e.kind(),
                  fmt::format("{}, {} '{}': {}", database_.address().shown(), table_.name, row_.key(), e.what()),
                  e.hint());
    }
    if (std::string_view(table_.name) == "checks") names_.fill(table_, cells_);
    return &cells_;
  }

 private:
  void fetch() {
    auto bytes = database_.next_copied();
    const std::string_view tuple = !bytes        ? std::string_view{}
                                   : is_started_ ? bytes->view()
                                                 : without_copy_header(bytes->view());
    is_started_ = true;
    if (!bytes || is_copy_trailer(tuple)) {
      if (bytes) database_.next_copied();  // hears the end
      is_ended_ = true;
      return;
    }
    window_.push(CopiedRow(std::move(*bytes), tuple, reader_.fields()));
  }

  PostgresDatabase& database_;
  const Table& table_;
  std::set<std::string>& sorted_tables_;
  CopiedRowReader reader_;
  std::vector<Cell> storage_;
  Cells cells_;
  Window<CopiedRow> window_{1};
  CopiedRow row_;
  CheckNames names_;
  bool is_started_ = false;
  bool is_ended_ = false;
};

class PostgresSource final : public Source {
 public:
  PostgresSource(std::unique_ptr<PostgresDatabase> database, std::string name, std::string env)
      : database_(std::move(database)) {
    database_->begin_snapshot();
    const auto text = [&](const char* sql) { return database_->query(sql).at(0).required_text("value"); };
    facts_ = {.name = std::move(name),
              .kind = "postgres",
              .env = std::move(env),
              .revision = text("SELECT version_num AS value FROM alembic_version"),
              .snapshot = text("SELECT pg_current_snapshot()::text AS value")};
    // Rows mostly lie in order of time; a scan that starts in the middle or in several processes would lose that. Where
    // they do not, the server sorts: at its default of 4 MB through many small files.
    database_->execute("SET LOCAL synchronize_seqscans = off");
    database_->execute("SET LOCAL max_parallel_workers_per_gather = 0");
    database_->execute("SET LOCAL jit = off");
    database_->execute("SET LOCAL work_mem = '64MB'");
  }

  const SourceFacts& facts() const override { return facts_; }
  bool has(const Table&) const override { return true; }
  std::unique_ptr<RowStream> open(const Table& table, const Period& period) override {
    for (const CopyQuery& query : kQueries) {
      if (std::string_view(query.table) == table.name) return open(query, table, period);
    }
    throw Error(ErrorKind::broken, fmt::format("no query reads {}", table.name));
  }

 private:
  std::unique_ptr<RowStream> open(const CopyQuery& query, const Table& table, const Period& period) {
    require_column_types(*database_, facts_.name, copy_statement(query, period, true));
    return std::make_unique<CopyStream>(*database_, query, table, period, sorted_tables_);
  }

  std::unique_ptr<PostgresDatabase> database_;
  SourceFacts facts_;
  std::set<std::string> sorted_tables_;  // whose rows were found out of order
};

}  // namespace

std::unique_ptr<Source> open_postgres_source(std::unique_ptr<PostgresDatabase> database, std::string name,
                                             std::string env) {
  return std::make_unique<PostgresSource>(std::move(database), std::move(name), std::move(env));
}

}  // namespace heretix
