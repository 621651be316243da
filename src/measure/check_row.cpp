#include "measure/check_row.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "belief/record/measured_columns.hpp"

namespace heretix {
namespace {

constexpr std::size_t kLongestName = 64;  // of run_id and prompt_version, in characters

const Value kNull{std::monostate{}};

Value real_or_null(const std::optional<double>& real) { return real ? Value(*real) : kNull; }
Value integer_or_null(const std::optional<std::int64_t>& integer) { return integer ? Value(*integer) : kNull; }
Value text_or_null(const std::optional<std::string>& text) { return text ? Value(*text) : kNull; }

CheckColumn column(const char* name, Value value, ColumnKind kind = ColumnKind::text) {
  return {name, quoted_column(name), kind, std::move(value)};
}

CheckColumn column(const MeasuredColumn& measured, Value value) {
  // The score is a whole number that Postgres keeps as a real one.
  const auto* whole = std::get_if<std::int64_t>(&value);
  if (measured.kind == ColumnKind::real && whole != nullptr) value = static_cast<double>(*whole);
  return column(measured.name, std::move(value), measured.kind);
}

// REAL has 53 bits of the 64: what is left of such a seed is no seed.
Value seed_of(const Row& run) {
  const Value& stored = run.value("bootstrap_seed");
  if (std::holds_alternative<double>(stored)) return kNull;
  return integer_or_null(run.integer("bootstrap_seed"));
}

// What a row of `runs` of another program says of it.
Value value_in(const Row& run, const MeasuredColumn& measured) {
  const std::string_view name = measured.name;
  if (name == "claim_hash") {
    const auto claim = run.text("claim");
    return claim ? Value(sha256_hex(*claim)) : kNull;
  }
  if (name == "was_cached") return std::int64_t{0};
  if (!measured.is_in_runs) return kNull;

  switch (measured.kind) {
    case ColumnKind::bits: return seed_of(run);
    case ColumnKind::real: return real_or_null(run.real(name));
    case ColumnKind::integer:
    case ColumnKind::truth: return integer_or_null(run.integer(name));
    case ColumnKind::text:
    case ColumnKind::bytes: break;
  }
  return text_or_null(run.text(name));
}

// "2026-11-23 08:00:00+00"
std::string utc_text(long long unix_seconds) {
  const std::time_t time = unix_seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}+00", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

std::string quoted_column(std::string_view name) {
  return name.size() == 1 ? fmt::format("\"{}\"", name) : std::string(name);
}

std::string execution_digits(const std::string& id) {
  return id.substr(id.size() - std::min(id.size(), kExecutionDigits));
}

RunId check_run_id(const RecipeId& recipe, const ExecutionId& execution) {
  return RunId{recipe.text() + "-" + execution_digits(execution.text())};
}

RecipeId recipe_in(const RunId& check) {
  const std::string& id = check.text();
  return RecipeId{id.substr(0, id.size() - std::min(id.size(), kExecutionDigits + 1))};
}

ExecutionId execution_in(const RunId& check) { return ExecutionId{"exec-" + execution_digits(check.text())}; }

std::vector<CheckColumn> check_columns(const std::string& env, const Record& r, const std::string& artifact_path) {
  std::vector<CheckColumn> columns{column("run_id", check_run_id(r.plan.run_id, r.execution.execution_id)),
                                   column("env", env), column("created_at", utc_text(r.execution.created_at)),
                                   column("finished_at", utc_text(r.execution.finished_at))};
  for (const MeasuredColumn& measured : measured_columns()) {
    const bool names_artifact = measured.name == std::string_view(kArtifactColumn) && !artifact_path.empty();
    columns.push_back(column(measured, names_artifact ? Value(artifact_path) : measured.value(r)));
  }
  return columns;
}

std::vector<CheckColumn> check_columns(const std::string& env, const Row& run) {
  const std::string recipe = run.text_or_empty("run_id");
  const long long created = run.integer("created_at").value_or(0);
  const std::string digits = sha256_hex(fmt::format("{}|{}", recipe, created)).substr(0, kExecutionDigits);
  std::vector<CheckColumn> columns{column("run_id", recipe + "-" + digits), column("env", env),
                                   column("created_at", utc_text(created)), column("finished_at", utc_text(created))};
  for (const MeasuredColumn& measured : measured_columns())
    columns.push_back(column(measured, value_in(run, measured)));
  return columns;
}

void require_fits_check(const Plan& plan) {
  const auto require = [](const char* name, const std::string& value, std::size_t most) {
    const std::size_t size = count_code_points(value);
    if (size <= most) return;
    throw Error(ErrorKind::bad_input,
                fmt::format("{} has {} characters; a check in Postgres holds at most {}", name, size, most),
                "shorten it, or run without --database");
  };
  require("the model's name", plan.recipe.model.text(), kMaxModelCharacters);
  require("prompt_version", plan.prompt_version, kLongestName);
  require("run_id", plan.run_id.text(), kLongestName - kExecutionDigits - 1);
  if (plan.recipe.claim.text.find('\0') != std::string::npos)
    throw Error(ErrorKind::bad_input, "the claim contains a NUL byte, which Postgres text cannot hold");
}

}  // namespace heretix
