#include "export/sqlite_source.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <fstream>
#include <numeric>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "check/check_row.hpp"
#include "export/check_names.hpp"

namespace heretix {
namespace {

// A column of the dataset and how SQLite says it. Columns that are not listed stay null.
struct Selected {
  const char* column;
  std::string sql;
};

// Keys are sorted first and rows fetched in that order: SQLite would carry whole rows through its sort. LIMIT -1 keeps
// the subquery's order.
struct TableQuery {
  const char* table;
  std::vector<Selected> selected;
  std::string keys;  // SELECT … AS time, … AS key, and the rows' numbers, for a %PERIOD% on `time`
  const char* rows;  // what joins the rows to `k`
};

// One row a run, its newest execution beside it; and one for each earlier execution of the same recipe, whose run row
// was replaced: `earlier` names it, and what the row said is in its record.
constexpr const char* kRunKeys =
    "SELECT coalesce(e.created_at, r.created_at) AS time, r.run_id || '-' || coalesce(substr(e.execution_id, -12), "
    "digits_of_run(r.run_id, r.created_at)) AS key, r.rowid AS run_row, e.rowid AS execution_row, NULL AS earlier "
    "FROM runs r LEFT JOIN heretix_executions e ON e.rowid = (SELECT max(x.rowid) FROM heretix_executions x WHERE "
    "x.run_id = r.run_id AND x.status = 'done') UNION ALL "
    "SELECT x.created_at, x.run_id || '-' || substr(x.execution_id, -12), NULL, x.rowid, x.execution_id FROM "
    "heretix_executions x WHERE x.status = 'done' AND json_valid(x.record_json) AND x.rowid <> (SELECT max(y.rowid) "
    "FROM heretix_executions y WHERE y.run_id = x.run_id AND y.status = 'done')";
constexpr const char* kForeignRunKeys =
    "SELECT r.created_at AS time, r.run_id || '-' || digits_of_run(r.run_id, r.created_at) AS key, r.rowid AS run_row "
    "FROM runs r";
constexpr const char* kUnreadable =
    "SELECT count(*) AS n FROM heretix_executions x WHERE x.status = 'done' AND NOT "
    "coalesce(json_valid(x.record_json), "
    "0) AND x.rowid <> (SELECT max(y.rowid) FROM heretix_executions y WHERE y.run_id = x.run_id AND y.status = 'done')";

// The columns of `runs` and where a record (docs/record.md) has them.
struct RunColumn {
  const char* name;
  const char* in_record;
};
constexpr std::array kRunColumns = {RunColumn{"claim", "$.claim"},
                                    RunColumn{"model", "$.config.model"},
                                    RunColumn{"prompt_version", "$.config.prompt_version"},
                                    RunColumn{"K", "$.config.K"},
                                    RunColumn{"R", "$.config.R"},
                                    RunColumn{"T", "$.config.T"},
                                    RunColumn{"B", "$.config.B"},
                                    RunColumn{"seed", "$.config.seed"},
                                    RunColumn{"bootstrap_seed", "$.estimate.bootstrap_seed"},
                                    RunColumn{"prob_true_rpl", "$.estimate.prob_true_rpl"},
                                    RunColumn{"ci_lo", "$.estimate.ci[0]"},
                                    RunColumn{"ci_hi", "$.estimate.ci[1]"},
                                    RunColumn{"ci_width", "$.estimate.ci_width"},
                                    RunColumn{"template_iqr_logit", "$.estimate.template_iqr_logit"},
                                    RunColumn{"stability_score", "$.estimate.stability_score"},
                                    RunColumn{"imbalance_ratio", "$.estimate.imbalance_ratio"},
                                    RunColumn{"rpl_compliance_rate", "$.rpl_compliance_rate"},
                                    RunColumn{"cache_hit_rate", "$.cache_hit_rate"},
                                    RunColumn{"config_json", "$.config"},
                                    RunColumn{"sampler_json", "$.sampler"},
                                    RunColumn{"prompt_char_len_max", "$.sampler.prompt_char_len_max"},
                                    RunColumn{"pqs", "$.pqs"},
                                    RunColumn{"gate_compliance_ok", "$.gates[0].passed"},
                                    RunColumn{"gate_stability_ok", "$.gates[1].passed"},
                                    RunColumn{"gate_precision_ok", "$.gates[2].passed"},
                                    RunColumn{"pqs_version", "$.pqs_version"}};

TableQuery foreign_checks_query() {
  TableQuery query{"checks",
                   {{"check_id", "k.key"},
                    {"created_at", "k.time"},
                    {"finished_at", "r.created_at"},
                    {"was_cached", "0"},
                    {"counts_by_template_json", "r.counts_by_template_json"},
                    {"artifact_json_path", "r.artifact_json_path"}},
                   kForeignRunKeys,
                   "LEFT JOIN runs r ON r.rowid = k.run_row"};
  for (const RunColumn& column : kRunColumns) query.selected.push_back({column.name, fmt::format("r.{}", column.name)});
  return query;
}

TableQuery checks_query() {
  TableQuery query{
      "checks",
      {{"check_id", "k.key"},
       {"created_at", "k.time"},
       {"finished_at", "coalesce(e.finished_at, r.created_at)"},
       {"mode", "e.mode"},
       {"was_cached", "0"},
       {"counts_by_template_json",
        "iif(k.earlier IS NULL, r.counts_by_template_json, (SELECT json_group_object(sha, usable) FROM (SELECT "
        "json_extract(t.value, '$.prompt_sha256') AS sha, json_extract(t.value, '$.usable') AS usable FROM "
        "json_each(e.record_json, '$.templates') t ORDER BY sha)))"},
       {"artifact_json_path",
        "iif(k.earlier IS NULL, r.artifact_json_path, 'artifacts/' || e.execution_id || '.json')"}},
      kRunKeys,
      "LEFT JOIN runs r ON r.rowid = k.run_row LEFT JOIN heretix_executions e ON e.rowid = k.execution_row"};
  for (const RunColumn& column : kRunColumns)
    query.selected.push_back(
        {column.name, fmt::format("iif(k.earlier IS NULL, r.{}, json_extract(e.record_json, '{}'))", column.name,
                                  column.in_record)});
  return query;
}

TableQuery samples_query(bool has_executions) {
  return {"samples",
          {{"cache_key", "k.key"},
           {"execution_id", has_executions ? "e.execution_id" : "NULL"},
           {"recipe_run_id", "s.run_id"},
           {"mode", has_executions ? "e.mode" : "NULL"},
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
           {"created_at", "k.time"}},
          "SELECT s.created_at AS time, s.cache_key AS key, s.rowid AS sample_row FROM samples s",
          has_executions
              ? "LEFT JOIN samples s ON s.rowid = k.sample_row LEFT JOIN heretix_executions e ON e.execution_id = "
                "coalesce((SELECT x.execution_id FROM heretix_answers x WHERE x.cache_key = s.cache_key AND "
                "x.response_id IS s.response_id AND x.created_at IS s.created_at), (SELECT x.execution_id FROM "
                "heretix_answers x WHERE x.cache_key = s.cache_key ORDER BY x.attempt DESC LIMIT 1))"
              : "LEFT JOIN samples s ON s.rowid = k.sample_row"};
}

TableQuery executions_query() {
  return {"executions",
          {{"execution_id", "k.key"},
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
           {"billed_micro_usd", "t.billed"},
           {"attempts_unpriced", "coalesce(t.unpriced, 0)"},
           {"tokens_in", "a.tokens_in"},
           {"tokens_out", "a.tokens_out"},
           {"created_at", "k.time"},
           {"finished_at", "e.finished_at"}},
          "SELECT e.created_at AS time, e.execution_id AS key, e.rowid AS execution_row FROM heretix_executions e",
          "LEFT JOIN heretix_executions e ON e.rowid = k.execution_row LEFT JOIN (SELECT execution_id, count(*) AS "
          "attempts, sum(billed_micro_usd) AS billed, count(*) FILTER (WHERE billed_micro_usd IS NULL AND outcome IS "
          "NOT 'not_sent') AS unpriced FROM heretix_attempts GROUP BY execution_id) t ON t.execution_id = k.key "
          "LEFT JOIN (SELECT execution_id, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out FROM "
          "heretix_answers GROUP BY execution_id) a ON a.execution_id = k.key"};
}

std::string where(const Period& period) {
  constexpr std::int64_t kMicros = 1'000'000;
  if (period.from == Month::unknown() && !period.before) return "";
  if (period.from == Month::unknown())
    return fmt::format(" WHERE time < {} OR time IS NULL", period.before->first_micro() / kMicros);
  std::string text = fmt::format(" WHERE time >= {}", period.from.first_micro() / kMicros);
  if (period.before) text += fmt::format(" AND time < {}", period.before->first_micro() / kMicros);
  return text;
}

std::string select_statement(const TableQuery& query, const Period& period) {
  std::string columns;
  for (const Selected& one : query.selected) columns += (columns.empty() ? "" : ", ") + one.sql;
  return fmt::format("SELECT {} FROM (SELECT * FROM ({}){} ORDER BY time, key LIMIT -1) k {}", columns, query.keys,
                     where(period), query.rows);
}

// A row of `runs` that no execution stands behind has the name that an import into Postgres would give it.
std::string digits_of_run(const std::string& run_id, const std::string& created_at) {
  const std::string name = fmt::format("{}|{}", run_id, created_at.empty() ? "0" : created_at);
  return sha256_hex(name).substr(0, kExecutionDigits);
}

// What a column of a harness file holds, whose types SQLite does not enforce, as what the dataset's column holds.
class SqliteReader {
 public:
  SqliteReader(const SqliteCursor& cursor, Note& note) : cursor_(cursor), note_(note) {}

  void begin_row(const std::string& row) {
    row_ = row;
    kept_.clear();
  }

  Cell read(int place, const Column& column) {
    if (cursor_.type(place) == SqliteCursor::Type::null) return {};
    switch (column.type) {
      case ColumnType::text: return Cell::of(valid_text(cursor_.text(place), column));
      case ColumnType::real: return Cell::of(real(place, column));
      case ColumnType::boolean: return Cell::of(std::int64_t{integer(place, column) != 0});
      case ColumnType::unsigned_integer: return seed(place, column);
      case ColumnType::timestamp: return Cell::of(micros(integer(place, column), column));
      default: return Cell::of(integer(place, column));
    }
  }

 private:
  [[noreturn]] void refuse(int place, const Column& column, const char* wanted) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: {} is '{}', must be {}", row_, column.name,
                            shortened(on_one_line(cursor_.text(place)), 40), wanted),
                "correct that row of the store");
  }

  template <class Number>
  std::optional<Number> number_in(std::string_view text) {
    Number value{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failed == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
  }

  std::int64_t integer(int place, const Column& column) {
    if (cursor_.type(place) == SqliteCursor::Type::integer) return cursor_.integer(place);
    if (cursor_.type(place) == SqliteCursor::Type::real) {
      const double value = cursor_.real(place);
      if (value == std::floor(value) && std::abs(value) < 9.0e18) return static_cast<std::int64_t>(value);
    } else if (const auto value = number_in<std::int64_t>(cursor_.text(place))) {
      return *value;
    }
    refuse(place, column, "a whole number");
  }

  double real(int place, const Column& column) {
    if (cursor_.type(place) != SqliteCursor::Type::text) return cursor_.real(place);
    if (const auto value = number_in<double>(cursor_.text(place))) return *value;
    refuse(place, column, "a number");
  }

  // 64 bits as a signed number or as decimal text; REAL has 53 of them, which is no seed.
  Cell seed(int place, const Column& column) {
    if (cursor_.type(place) == SqliteCursor::Type::integer) return Cell::of(cursor_.integer(place));
    if (cursor_.type(place) == SqliteCursor::Type::real) return {};
    if (const auto value = number_in<std::uint64_t>(cursor_.text(place)))
      return Cell::of(std::bit_cast<std::int64_t>(*value));
    return Cell::of(integer(place, column));
  }

  std::int64_t micros(std::int64_t seconds, const Column& column) {
    constexpr std::int64_t kFurthest = 300'000'000'000;
    if (seconds > kFurthest || seconds < -kFurthest || !is_representable(seconds * 1'000'000))
      throw Error(
          ErrorKind::bad_input,
          fmt::format("{}: {} is {}, must be Unix seconds within the years 1 to 9999", row_, column.name, seconds),
          "correct that row of the store");
    return seconds * 1'000'000;
  }

  // Parquet's strings are UTF-8; bytes that are none become U+FFFD.
  std::string_view valid_text(std::string_view text, const Column& column) {
    auto bad = first_invalid_utf8(text);
    if (!bad) return text;
    note_(fmt::format("{}: {} is no UTF-8; its bytes that are none are written as U+FFFD", row_, column.name));
    std::string mended;
    for (; bad; bad = first_invalid_utf8(text)) {
      mended.append(text.substr(0, *bad)).append("\xEF\xBF\xBD");
      text.remove_prefix(*bad + 1);
    }
    return *kept_.insert(kept_.end(), std::make_unique<std::string>(mended.append(text)))->get();
  }

  const SqliteCursor& cursor_;
  Note& note_;
  std::string row_;
  std::vector<std::unique_ptr<std::string>> kept_;
};

class SqliteStream final : public RowStream {
 public:
  SqliteStream(SqliteDatabase& database, const TableQuery& query, const Table& table, const Period& period, Note& note)
      : path_(database.path()),
        table_(table),
        cursor_(database.open_cursor(select_statement(query, period))),
        reader_(*cursor_, note),
        cells_(table.columns.size()) {
    for (const Selected& one : query.selected) places_.push_back(table.place(one.column));
  }

  Cells* next() override {
    if (!cursor_->next()) return nullptr;
    reader_.begin_row(fmt::format("{}, {} '{}'", path_, table_.name, cursor_->text(0)));
    for (std::size_t i = 0; i < places_.size(); ++i)
      cells_[places_[i]] = reader_.read(static_cast<int>(i), table_.columns[places_[i]]);
    if (std::string_view(table_.name) == "checks") names_.fill(table_, cells_);
    return &cells_;
  }

 private:
  std::string path_;
  const Table& table_;
  std::unique_ptr<SqliteCursor> cursor_;
  SqliteReader reader_;
  Cells cells_;
  std::vector<std::size_t> places_;
  CheckNames names_;
};

class SqliteSource final : public Source {
 public:
  SqliteSource(std::unique_ptr<SqliteDatabase> file, Note note) : file_(std::move(file)), note_(std::move(note)) {
    file_->define("digits_of_run", &digits_of_run);
    file_->begin_snapshot();
    has_executions_ = file_->has_table("heretix_executions");
    const std::int64_t unreadable = has_executions_ ? file_->query(kUnreadable)[0].integer("n").value_or(0) : 0;
    if (unreadable > 0)
      note_(
          fmt::format("{}: {} earlier executions are left out: their records are no JSON", file_->path(), unreadable));
    facts_ = {.name = file_->path(),
              .kind = "sqlite",
              .env = "local",
              .revision = has_executions_ ? "harness schema 1" : "runs and samples of another program",
              .snapshot = fmt::format("change {}", change_counter())};
  }

  const SourceFacts& facts() const override { return facts_; }
  bool has(const Table& table) const override {
    const std::string_view name(table.name);
    return name == "checks" || name == "samples" || (name == "executions" && has_executions_);
  }
  std::unique_ptr<RowStream> open(const Table& table, const Period& period) override {
    const std::string_view name(table.name);
    const TableQuery query = name == "checks"    ? (has_executions_ ? checks_query() : foreign_checks_query())
                             : name == "samples" ? samples_query(has_executions_)
                                                 : executions_query();
    return std::make_unique<SqliteStream>(*file_, query, table, period, note_);
  }

 private:
  // The file's own count of its changes (SQLite, "Database File Format", 1.3.8); it stands still under a WAL.
  std::uint32_t change_counter() {
    std::array<unsigned char, 28> header{};
    std::ifstream(file_->path(), std::ios::binary).read(reinterpret_cast<char*>(header.data()), header.size());
    return std::accumulate(header.begin() + 24, header.end(), std::uint32_t{0},
                           [](std::uint32_t count, unsigned char byte) { return count << 8 | byte; });
  }

  std::unique_ptr<SqliteDatabase> file_;
  Note note_;
  SourceFacts facts_;
  bool has_executions_ = false;
};

}  // namespace

std::unique_ptr<Source> open_sqlite_source(std::unique_ptr<SqliteDatabase> file, Note note) {
  return std::make_unique<SqliteSource>(std::move(file), std::move(note));
}

}  // namespace heretix
