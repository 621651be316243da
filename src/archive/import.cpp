#include "archive/import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "archive/load_record.hpp"
#include "archive/row_copier.hpp"
#include "measure/answer_store.hpp"
#include "measure/artifact.hpp"
#include "measure/check_row.hpp"
#include "measure/ownership.hpp"

namespace heretix {
namespace {

constexpr int kReadRows = 500;

CopiedColumn text(const char* name) { return {name, ColumnKind::text}; }
CopiedColumn integer(const char* name) { return {name, ColumnKind::integer}; }
CopiedColumn real(const char* name) { return {name, ColumnKind::real}; }

// The tables that both stores have under one name (migrations/sqlite, migrations/c41d7a90b2e6).
CopiedTable banks() {
  return {"heretix_banks", {text("content_sha256"), text("version"), text("bank_json")}, {"content_sha256"}};
}
CopiedTable attempts() {
  return {"heretix_attempts",
          {text("cache_key"), integer("attempt"), text("execution_id"), text("provider"), text("model"),
           integer("started_at"), integer("max_cost_micro_usd"), text("outcome"), integer("finished_at"),
           integer("billed_micro_usd"), text("error")},
          {"cache_key", "attempt"}};
}
CopiedTable answers() {
  return {"heretix_answers",
          {text("cache_key"),
           integer("attempt"),
           text("execution_id"),
           {"raw_text", ColumnKind::bytes},
           text("raw_sha256"),
           integer("usable"),
           text("reason"),
           real("prob_true"),
           text("provider"),
           text("provider_model_id"),
           text("response_id"),
           integer("tokens_in"),
           integer("tokens_out"),
           real("latency_ms"),
           integer("created_at"),
           text("finish"),
           integer("tokens_cached"),
           integer("tokens_cache_written"),
           integer("tokens_reasoning"),
           integer("billed_pico_usd"),
           text("logprobs")},
          {"cache_key", "attempt"}};
}
CopiedTable samples() {
  return {"samples",
          {text("run_id"), text("cache_key"), text("prompt_sha256"), integer("paraphrase_idx"),
           integer("replicate_idx"), real("prob_true"), real("logit"), text("provider_model_id"), text("response_id"),
           integer("created_at"), integer("tokens_out"), real("latency_ms"), integer("json_valid")},
          {"cache_key"}};
}
CopiedTable executions() {
  return {"heretix_executions",
          {text("execution_id"), text("run_id"), text("status"), text("owner"), integer("created_at"),
           integer("finished_at"), text("claim"), text("model"), text("mode"), text("prompt_version"),
           text("bank_content_sha256"), text("config_json"), text("record_json"), text("record_sha256")},
          {"execution_id"}};
}
CopiedTable execution_samples() {
  return {"heretix_execution_samples",
          {text("execution_id"), integer("position"), text("cache_key"), integer("attempt"), integer("from_store"),
           integer("attempt_in_file")},
          {"execution_id", "position"}};
}

constexpr const char* kReadTime = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS\"+00\"')";

CopiedTable checks(const std::vector<CheckColumn>& columns) {
  CopiedTable table{.name = "checks",
                    .columns = {},
                    .keys = {"run_id"},
                    .more_columns = ", id",
                    .more_values = ", gen_random_uuid()"};
  for (const CheckColumn& column : columns) {
    const std::string name = column.name;
    const bool is_time = name == "created_at" || name == "finished_at";
    table.columns.push_back({name, column.kind, column.sql, is_time ? fmt::format(fmt::runtime(kReadTime), name) : ""});
  }
  return table;
}

Row row_from(const std::vector<CheckColumn>& columns) {
  std::vector<std::string> names;
  std::vector<Value> values;
  for (const CheckColumn& column : columns) {
    names.emplace_back(column.name);
    values.push_back(column.value);
  }
  return {std::make_shared<const std::vector<std::string>>(std::move(names)), std::move(values)};
}

// Finds the number that an attempt of the file has in the target: its own, unless an attempt of another file has that
// number there.
class AttemptNumbers {
 public:
  explicit AttemptNumbers(Database& target) : target_(target) {}

  void learn(const std::vector<Row>& batch) {
    std::map<std::string, std::vector<Row>> there = stored(batch);
    for (const Row& row : batch) {
      const std::string key = row.required_text("cache_key");
      const std::int64_t wanted = row.integer("attempt").value_or(0);
      std::vector<Row>& of_key = there[key];
      const auto same_attempt = std::ranges::find_if(of_key, [&](const Row& other) {
        return other.text("execution_id") == row.text("execution_id") &&
               other.integer("started_at") == row.integer("started_at");
      });
      const std::int64_t number = same_attempt != of_key.end() ? same_attempt->integer("attempt").value_or(wanted)
                                                               : free_number(of_key, wanted);
      if (same_attempt == of_key.end()) of_key.push_back(row.with("attempt", number));
      if (number != wanted) changed_[{key, wanted}] = number;
    }
  }

  Row renumbered(const Row& row) const {
    Row known = row.with("attempt_in_file", row.value("attempt"));
    const auto attempt = row.integer("attempt");
    if (!attempt) return known;
    const auto found = changed_.find({row.required_text("cache_key"), *attempt});
    return found == changed_.end() ? known : known.with("attempt", found->second);
  }

 private:
  std::map<std::string, std::vector<Row>> stored(const std::vector<Row>& batch) {
    std::vector<std::string> names;
    names.reserve(batch.size());
    Bindings bindings;
    std::string wanted;
    for (const Row& row : batch) {
      names.push_back(fmt::format(":k{}", names.size()));
      wanted += (wanted.empty() ? "" : ", ") + names.back();
      bindings.push_back({names.back(), row.required_text("cache_key")});
    }
    std::map<std::string, std::vector<Row>> by_key;
    for (Row& row : target_.query(fmt::format("SELECT cache_key, attempt, execution_id, started_at FROM "
                                              "heretix_attempts WHERE cache_key IN ({})",
                                              wanted),
                                  bindings))
      by_key[row.required_text("cache_key")].push_back(std::move(row));
    return by_key;
  }

  static std::int64_t free_number(const std::vector<Row>& taken, std::int64_t wanted) {
    std::int64_t highest = 0;
    bool is_free = true;
    for (const Row& row : taken) {
      const std::int64_t number = row.integer("attempt").value_or(0);
      highest = std::max(highest, number);
      is_free = is_free && number != wanted;
    }
    return is_free ? wanted : highest + 1;
  }

  Database& target_;
  std::map<std::pair<std::string, std::int64_t>, std::int64_t> changed_;
};

class Import {
 public:
  Import(Database& file, const ImportOptions& options, Database& target)
      : file_(file), target_(target), options_(options), numbers_(target) {}

  ImportReport run() {
    if (file_.has_table("heretix_executions")) {
      leave_out_running();
      copy(banks(), of_bank());
      copy(attempts(), of_keys() + not_running(), true);
      copy(answers(), of_keys() + not_running());
      copy(executions(), of_execution() + not_running());
      copy(execution_samples(), of_execution() + not_running());
    }
    copy(kept_samples(), of_keys());
    copy_checks();
    if (twice_paid_ > 0)
      report_.notes.push_back(
          fmt::format("{} questions were also asked elsewhere: the sample that was already there stays, and the raw "
                      "answers of both are kept",
                      twice_paid_));
    return std::move(report_);
  }

 private:
  bool is_one() const { return options_.execution_id.has_value(); }
  // A condition that follows "WHERE …", and what it binds.
  struct Filter {
    std::string sql{};
    Bindings bindings{};
    Filter operator+(const Filter& other) const {
      Filter both{sql + other.sql, bindings};
      both.bindings.insert(both.bindings.end(), other.bindings.begin(), other.bindings.end());
      return both;
    }
  };
  Filter of_this_one(const char* condition) const {
    return is_one() ? Filter{condition, {{":execution", *options_.execution_id}}} : Filter{};
  }
  Filter of_execution() const { return of_this_one(" AND execution_id = :execution"); }
  Filter of_keys() const {
    return of_this_one(
        " AND cache_key IN (SELECT cache_key FROM heretix_execution_samples WHERE execution_id = :execution)");
  }
  Filter of_bank() const {
    return of_this_one(
        " AND content_sha256 IN (SELECT bank_content_sha256 FROM heretix_executions WHERE execution_id = :execution)");
  }

  // What still runs, or begins while we copy, would change during the copy. A read transaction over the whole copy
  // would keep its writer waiting.
  void leave_out_running() {
    newest_ =
        file_.query("SELECT coalesce(max(rowid), 0) AS newest FROM heretix_executions")[0].integer("newest").value_or(
            0);
    for (const Row& row : file_.query("SELECT execution_id, owner FROM heretix_executions WHERE status = 'running'")) {
      auto id = row.id<ExecutionId>("execution_id");
      if (still_runs(file_, id, row.required_text("owner"))) running_.push_back(std::move(id));
    }
    if (running_.empty()) return;
    report_.notes.push_back(
        fmt::format("{} executions are still running: import again when they are done", running_.size()));
    for (std::size_t i = 0; i < running_.size(); ++i) running_names_.push_back(fmt::format(":running{}", i));
  }
  Filter not_running() const {
    Filter filter{.bindings = {{":newest", newest_}}};
    for (std::size_t i = 0; i < running_.size(); ++i) {
      filter.sql += (i == 0 ? "" : ", ") + running_names_[i];
      filter.bindings.push_back({running_names_[i], running_[i]});
    }
    if (!running_.empty()) filter.sql = fmt::format(" AND execution_id NOT IN ({})", filter.sql);
    filter.sql += " AND execution_id NOT IN (SELECT execution_id FROM heretix_executions WHERE rowid > :newest)";
    return filter;
  }

  // If two files paid for the same question, the answer of the first is the sample, and the raw answer of the other is
  // kept beside it.
  CopiedTable kept_samples() {
    CopiedTable table = samples();
    table.is_kept_elsewhere = [this](const Row& row) {
      const bool kept = !target_
                             .query(
                                 "SELECT 1 AS found FROM heretix_answers WHERE cache_key = :key AND response_id = "
                                 ":response AND created_at = :created",
                                 {{":key", row.value("cache_key")},
                                  {":response", row.value("response_id")},
                                  {":created", row.value("created_at")}})
                             .empty();
      twice_paid_ += kept ? 1U : 0U;
      return kept;
    };
    return table;
  }

  std::vector<Row> next_rows(const std::string& table, const Filter& filter, std::int64_t after) {
    Bindings bindings = filter.bindings;
    bindings.push_back({":after", after});
    return file_.query(
        fmt::format("SELECT rowid AS place_in_file, * FROM {} WHERE rowid > :after{} ORDER BY rowid LIMIT {}", table,
                    filter.sql, kReadRows),
        bindings);
  }

  void copy(CopiedTable table, const Filter& filter, bool is_numbering = false) {
    RowCopier copier(target_, std::move(table), report_);
    std::int64_t after = 0;
    for (;;) {
      const std::vector<Row> rows = next_rows(copier.table().name, filter, after);
      if (rows.empty()) break;
      if (is_numbering) numbers_.learn(rows);
      const bool has_attempt = rows[0].has("attempt");
      for (const Row& row : rows) copier.add(has_attempt ? numbers_.renumbered(row) : row);
      copier.flush();
      after = rows.back().integer("place_in_file").value_or(0);
    }
    done(copier.count());
  }

  void done(const CopyCount& count) {
    report_.tables.push_back(count);
    options_.tell(fmt::format("{}: {} added, {} were there", count.table, count.added, count.already));
  }

  void copy_checks() {
    std::unique_ptr<RowCopier> copier;
    const auto add = [&](const std::vector<CheckColumn>& columns) {
      if (!copier) copier = std::make_unique<RowCopier>(target_, checks(columns), report_);
      copier->add(row_from(columns));
    };
    if (file_.has_table("heretix_executions")) add_our_checks(add);
    if (copier) copier->flush();
    CopyCount count = copier ? copier->count() : CopyCount{.table = "checks"};
    copier.reset();
    if (!is_one()) add_foreign_checks(add);
    if (copier) {
      copier->flush();
      count.added += copier->count().added;
      count.already += copier->count().already;
    }
    done(count);
  }

  // Checks are recomputed from the stored answers, so that a damaged execution is found here and not by its reader.
  template <class Add>
  void add_our_checks(const Add& add) {
    RunStore runs(file_);
    const Filter filter = of_execution() + not_running();
    for (const Row& row : file_.query(fmt::format("SELECT execution_id FROM heretix_executions WHERE status = 'done'{} "
                                                  "ORDER BY rowid",
                                                  filter.sql),
                                      filter.bindings)) {
      const auto id = row.id<ExecutionId>("execution_id");
      try {
        const Record record = load_record(runs, *runs.execution(id));
        add(check_columns(options_.env, record, artifact_name(id)));
      } catch (const Error& e) {
        if (e.kind() != ErrorKind::broken && e.kind() != ErrorKind::bad_input) throw;
        report_.problems.push_back(fmt::format("execution {}: its check was left out: {}", id, e.what()));
      }
    }
  }

  template <class Add>
  void add_foreign_checks(const Add& add) {
    std::size_t lost_seeds = 0;
    std::string sql = "SELECT * FROM runs r";
    if (file_.has_table("heretix_executions"))
      sql += " WHERE NOT EXISTS (SELECT 1 FROM heretix_executions e WHERE e.run_id = r.run_id AND e.status = 'done')";
    for (const Row& run : file_.query(sql + " ORDER BY r.rowid")) {
      lost_seeds += std::holds_alternative<double>(run.value("bootstrap_seed")) ? 1U : 0U;
      add(check_columns(options_.env, run));
    }
    if (lost_seeds > 0)
      report_.notes.push_back(fmt::format(
          "{} runs of another program: their bootstrap seed was stored as REAL and lost its precision; it is null now",
          lost_seeds));
  }

  Database& file_;
  Database& target_;
  const ImportOptions& options_;
  AttemptNumbers numbers_;
  ImportReport report_;
  std::vector<ExecutionId> running_;
  std::vector<std::string> running_names_;
  std::int64_t newest_ = 0;
  std::size_t twice_paid_ = 0;
};

}  // namespace

ImportReport import_file(Database& file, Database& target, const ImportOptions& options) {
  return Import(file, options, target).run();
}

}  // namespace heretix
