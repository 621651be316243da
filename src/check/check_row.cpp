#include "check/check_row.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

constexpr std::size_t kLongestName = 64;  // of run_id and prompt_version, in characters

const Value kNull{std::monostate{}};

Value text_or_null(const std::optional<std::string>& text) { return text ? Value(*text) : kNull; }
Value real_or_null(const std::optional<double>& real) { return real ? Value(*real) : kNull; }
Value integer_or_null(const std::optional<std::int64_t>& integer) { return integer ? Value(*integer) : kNull; }

// What the provider called its model, where all answers agree on a name that fits.
Value model_version(const std::vector<Answer>& answers) {
  if (answers.empty() || count_code_points(answers[0].model_version) > kMaxModelCharacters) return kNull;
  for (const Answer& answer : answers) {
    if (answer.model_version != answers[0].model_version) return kNull;
  }
  return answers[0].model_version;
}

// The columns that both kinds of run share in name; `runs` keeps gates as 0 and 1 as Postgres's booleans are read.
constexpr std::array kRealColumns = {"prob_true_rpl",
                                     "ci_lo",
                                     "ci_hi",
                                     "ci_width",
                                     "template_iqr_logit",
                                     "stability_score",
                                     "imbalance_ratio",
                                     "rpl_compliance_rate",
                                     "cache_hit_rate",
                                     "pqs"};
constexpr std::array kIntegerColumns = {"K", "R", "T", "B", "seed", "prompt_char_len_max"};
constexpr std::array kTextColumns = {"claim",
                                     "model",
                                     "prompt_version",
                                     "config_json",
                                     "sampler_json",
                                     "counts_by_template_json",
                                     "artifact_json_path",
                                     "pqs_version"};
constexpr std::array kGateColumns = {"gate_compliance_ok", "gate_stability_ok", "gate_precision_ok"};

constexpr std::array kOwnIntegerColumns = {"bootstrap_seed", "max_output_tokens", "was_cached"};  // filled on their own

std::string quoted(const std::string& name) { return name.size() == 1 ? "\"" + name + "\"" : name; }

template <class Names>
bool stands_in(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

ColumnKind kind_of(std::string_view name) {
  if (stands_in(kRealColumns, name)) return ColumnKind::real;
  const bool is_integer =
      stands_in(kIntegerColumns, name) || stands_in(kGateColumns, name) || stands_in(kOwnIntegerColumns, name);
  return is_integer ? ColumnKind::integer : ColumnKind::text;
}

CheckColumn column(const char* name, Value value) { return {name, quoted(name), kind_of(name), std::move(value)}; }

// REAL has 53 bits of the 64: what is left of such a seed is no seed.
Value seed_of(const Row& run) {
  const Value& stored = run.value("bootstrap_seed");
  if (std::holds_alternative<double>(stored)) return kNull;
  return integer_or_null(run.integer("bootstrap_seed"));
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

std::string execution_digits(const std::string& id) {
  return id.substr(id.size() - std::min(id.size(), kExecutionDigits));
}

std::string check_run_id(const std::string& recipe_run_id, const std::string& execution_id) {
  return recipe_run_id + "-" + execution_digits(execution_id);
}

std::vector<CheckColumn> check_columns(const Record& r, const std::string& env, const std::string& artifact_path) {
  const Sampling& s = r.plan.recipe.sampling;
  const bool derived = r.seed_source == SeedSource::derived;
  const double hits = r.answered == 0 ? 0.0 : static_cast<double>(r.from_store) / static_cast<double>(r.answered);
  return {column("run_id", check_run_id(r.plan.run_id, r.execution.execution_id)),
          column("env", env),
          column("claim", r.plan.recipe.claim.text),
          column("claim_hash", r.plan.recipe.claim.hash()),
          column("model", r.plan.recipe.model),
          column("prompt_version", r.plan.prompt_version),
          column("K", std::int64_t{s.slots}),
          column("R", std::int64_t{s.replicates}),
          column("T", std::int64_t{r.plan.templates_selected()}),
          column("B", std::int64_t{s.draws}),
          column("seed", derived ? kNull : Value(std::bit_cast<std::int64_t>(r.seed))),
          column("bootstrap_seed", std::bit_cast<std::int64_t>(r.seed)),
          column("max_output_tokens", std::int64_t{s.max_output_tokens}),
          column("prob_true_rpl", r.estimate.p.value()),
          column("ci_lo", r.estimate.ci95.low.value()),
          column("ci_hi", r.estimate.ci95.high.value()),
          column("ci_width", r.estimate.ci95.width()),
          column("template_iqr_logit", r.estimate.spread_logit),
          column("stability_score", r.estimate.stability),
          column("imbalance_ratio", r.estimate.imbalance),
          column("rpl_compliance_rate", r.compliance),
          column("cache_hit_rate", hits),
          column("config_json", config_json(r.plan, r.bank, derived ? std::nullopt : std::optional(r.seed)).dump()),
          column("sampler_json", sampler_json(r.plan).dump()),
          column("counts_by_template_json", counts_json(r).dump()),
          column("artifact_json_path", artifact_path.empty() ? kNull : Value(artifact_path)),
          column("prompt_char_len_max", std::int64_t{r.plan.longest_prompt}),
          column("pqs", static_cast<double>(r.quality)),
          column("gate_compliance_ok", std::int64_t{r.gates[0].passed()}),
          column("gate_stability_ok", std::int64_t{r.gates[1].passed()}),
          column("gate_precision_ok", std::int64_t{r.gates[2].passed()}),
          column("pqs_version", std::string(kQualityVersion)),
          column("was_cached", std::int64_t{0}),
          column("provider_model_id", model_version(r.answers)),
          column("created_at", utc_text(r.execution.created_at)),
          column("finished_at", utc_text(r.execution.finished_at))};
}

std::vector<CheckColumn> check_columns(const Row& run, const std::string& env) {
  const std::string recipe = run.text_or_empty("run_id");
  const long long created = run.integer("created_at").value_or(0);
  const auto claim = run.text("claim");
  std::vector<CheckColumn> columns{
      column("run_id",
             check_run_id(recipe, sha256_hex(fmt::format("{}|{}", recipe, created)).substr(0, kExecutionDigits))),
      column("env", env),
      column("claim_hash", claim ? Value(sha256_hex(*claim)) : kNull),
      column("bootstrap_seed", seed_of(run)),
      column("max_output_tokens", kNull),
      column("was_cached", std::int64_t{0}),
      column("provider_model_id", kNull),
      column("created_at", utc_text(created)),
      column("finished_at", utc_text(created))};
  for (const char* name : kTextColumns) columns.push_back(column(name, text_or_null(run.text(name))));
  for (const char* name : kRealColumns) columns.push_back(column(name, real_or_null(run.real(name))));
  for (const char* name : kIntegerColumns) columns.push_back(column(name, integer_or_null(run.integer(name))));
  for (const char* name : kGateColumns) columns.push_back(column(name, integer_or_null(run.integer(name))));
  return columns;
}

void require_fits_check(const Plan& plan) {
  const auto require = [](const char* name, const std::string& value, std::size_t most) {
    const std::size_t size = count_code_points(value);
    if (size <= most) return;
    throw Error(ErrorKind::bad_input,
                fmt::format("{} has {} characters, a check in Postgres holds {}", name, size, most),
                "shorten it, or run without --database");
  };
  require("the model's name", plan.recipe.model, kMaxModelCharacters);
  require("prompt_version", plan.prompt_version, kLongestName);
  require("run_id", plan.run_id, kLongestName - kExecutionDigits - 1);
  if (plan.recipe.claim.text.find('\0') != std::string::npos)
    throw Error(ErrorKind::bad_input, "the claim holds a NUL byte, which Postgres text cannot");
}

}  // namespace heretix
