#include "belief/record/measured_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

const Value kNull{std::monostate{}};

Value share_from_store(const Record& r) {
  return r.answered == 0 ? 0.0 : static_cast<double>(r.from_store) / static_cast<double>(r.answered);
}

// What the provider called its model, where all answers agree on a name that fits.
Value model_version(const Record& r) {
  if (r.answers.empty() || count_code_points(r.answers[0].model_version) > kMaxModelCharacters) return kNull;
  const std::string& first = r.answers[0].model_version;
  const bool all_agree = std::ranges::all_of(r.answers, [&](const Answer& a) { return a.model_version == first; });
  return all_agree ? Value(first) : kNull;
}

std::optional<std::uint64_t> given_seed(const Record& r) {
  return r.seed_source == SeedSource::derived ? std::nullopt : std::optional(r.seed);
}

Value seed_or_null(const Record& r) {
  const auto seed = given_seed(r);
  return seed ? Value(std::bit_cast<std::int64_t>(*seed)) : kNull;
}

template <std::size_t place>
Value passed(const Record& r) {
  return std::int64_t{r.gates.at(place).passed()};
}

using R = Record;
using enum ColumnKind;

constexpr std::array kColumns = {
    MeasuredColumn{.name = "claim",
                   .kind = text,
                   .value = [](const R& r) -> Value { return r.plan.recipe.claim.text; },
                   .in_record = "$.claim",
                   .meaning = "as given; null under --no-claims",
                   .is_personal = true},
    MeasuredColumn{.name = "claim_hash",
                   .kind = text,
                   .value = [](const R& r) -> Value { return r.plan.recipe.claim.hash(); },
                   .in_record = nullptr,
                   .meaning = "sha256 of the claim, 64 hexadecimal digits",
                   .is_in_runs = false,
                   .is_personal = true},
    MeasuredColumn{.name = "model",
                   .kind = text,
                   .value = [](const R& r) -> Value { return r.plan.recipe.model; },
                   .in_record = "$.config.model",
                   .meaning = "as asked for: provider/model"},
    MeasuredColumn{.name = "prompt_version",
                   .kind = text,
                   .value = [](const R& r) -> Value { return r.plan.prompt_version; },
                   .in_record = "$.config.prompt_version",
                   .meaning = "of the prompt bank"},
    MeasuredColumn{.name = "K",
                   .kind = integer,
                   .value = [](const R& r) -> Value { return std::int64_t{r.plan.recipe.sampling.slots}; },
                   .in_record = "$.config.K",
                   .meaning = "slots"},
    MeasuredColumn{.name = "R",
                   .kind = integer,
                   .value = [](const R& r) -> Value { return std::int64_t{r.plan.recipe.sampling.replicates}; },
                   .in_record = "$.config.R",
                   .meaning = "replicates"},
    MeasuredColumn{.name = "T",
                   .kind = integer,
                   .value = [](const R& r) -> Value { return std::int64_t{r.plan.templates_selected()}; },
                   .in_record = "$.config.T",
                   .meaning = "templates"},
    MeasuredColumn{.name = "B",
                   .kind = integer,
                   .value = [](const R& r) -> Value { return std::int64_t{r.plan.recipe.sampling.draws}; },
                   .in_record = "$.config.B",
                   .meaning = "bootstrap draws"},
    MeasuredColumn{.name = "seed",
                   .kind = integer,
                   .value = seed_or_null,
                   .in_record = "$.config.seed",
                   .meaning = "as given; null: derived"},
    MeasuredColumn{.name = "bootstrap_seed",
                   .kind = bits,
                   .value = [](const R& r) -> Value { return std::bit_cast<std::int64_t>(r.seed); },
                   .in_record = "$.estimate.bootstrap_seed",
                   .meaning = "all 64 bits; null where another program lost them",
                   .repeats = false,
                   .is_figure = true},
    MeasuredColumn{.name = "max_output_tokens",
                   .kind = integer,
                   .value = [](const R& r) -> Value { return std::int64_t{r.plan.recipe.sampling.max_output_tokens}; },
                   .in_record = nullptr,
                   .meaning = "of one answer",
                   .is_in_runs = false,
                   .is_figure = true},
    MeasuredColumn{.name = "prob_true_rpl",
                   .kind = real,
                   .value = [](const R& r) -> Value { return r.estimate.p.value(); },
                   .in_record = "$.estimate.prob_true_rpl",
                   .meaning = "p",
                   .repeats = false,
                   .is_figure = true},
    MeasuredColumn{.name = "ci_lo",
                   .kind = real,
                   .value = [](const R& r) -> Value { return r.estimate.ci95.low.value(); },
                   .in_record = "$.estimate.ci[0]",
                   .meaning = "frozen 95 % interval, low end",
                   .repeats = false,
                   .is_figure = true},
    MeasuredColumn{.name = "ci_hi",
                   .kind = real,
                   .value = [](const R& r) -> Value { return r.estimate.ci95.high.value(); },
                   .in_record = "$.estimate.ci[1]",
                   .meaning = "frozen 95 % interval, high end",
                   .repeats = false,
                   .is_figure = true},
    MeasuredColumn{.name = "ci_width",
                   .kind = real,
                   .value = [](const R& r) -> Value { return r.estimate.ci95.width(); },
                   .in_record = "$.estimate.ci_width",
                   .meaning = "its width",
                   .repeats = false,
                   .is_figure = true},
    MeasuredColumn{.name = kSpreadColumn,
                   .kind = real,
                   .value = [](const R& r) -> Value { return r.estimate.spread_logit; },
                   .in_record = kSpreadInRecord,
                   .meaning = "spread of the wordings, in log-odds",
                   .repeats = false,
                   .is_figure = true},
    MeasuredColumn{.name = "stability_score",
                   .kind = real,
                   .value = [](const R& r) -> Value { return r.estimate.stability; },
                   .in_record = "$.estimate.stability_score",
                   .meaning = "0 to 1",
                   .repeats = false,
                   .is_figure = true},
    MeasuredColumn{.name = "imbalance_ratio",
                   .kind = real,
                   .value = [](const R& r) -> Value { return r.estimate.imbalance; },
                   .in_record = "$.estimate.imbalance_ratio",
                   .meaning = "most over fewest answers a wording",
                   .is_figure = true},
    MeasuredColumn{.name = "rpl_compliance_rate",
                   .kind = real,
                   .value = [](const R& r) -> Value { return r.compliance; },
                   .in_record = "$.rpl_compliance_rate",
                   .meaning = "share of answers in the agreed form",
                   .is_figure = true},
    MeasuredColumn{.name = "cache_hit_rate",
                   .kind = real,
                   .value = share_from_store,
                   .in_record = "$.cache_hit_rate",
                   .meaning = "share of answers that were stored before",
                   .is_figure = true},
    MeasuredColumn{.name = "config_json",
                   .kind = text,
                   .value = [](const R& r) -> Value { return config_json(r.plan, r.bank, given_seed(r)).dump(); },
                   .in_record = "$.config",
                   .meaning = "the recipe as JSON; null under --no-claims",
                   .repeats = false,
                   .is_personal = true},
    MeasuredColumn{.name = "sampler_json",
                   .kind = text,
                   .value = [](const R& r) -> Value { return sampler_json(r.plan).dump(); },
                   .in_record = "$.sampler",
                   .meaning = "the plan as JSON",
                   .repeats = false,
                   .is_personal = true},
    MeasuredColumn{.name = "counts_by_template_json",
                   .kind = text,
                   .value = [](const R& r) -> Value { return counts_json(r).dump(); },
                   .in_record = nullptr,
                   .meaning = "usable answers by wording, as JSON",
                   .repeats = false,
                   .is_personal = true},
    MeasuredColumn{.name = kArtifactColumn,
                   .kind = text,
                   .value = [](const R&) -> Value { return kNull; },
                   .in_record = nullptr,
                   .meaning = "of the artifact, beside the store",
                   .repeats = false,
                   .is_personal = true},
    MeasuredColumn{.name = "prompt_char_len_max",
                   .kind = integer,
                   .value = [](const R& r) -> Value { return std::int64_t{r.plan.longest_prompt}; },
                   .in_record = "$.sampler.prompt_char_len_max",
                   .meaning = "longest prompt, in characters",
                   .is_figure = true},
    MeasuredColumn{.name = "pqs",
                   .kind = real,
                   .value = [](const R& r) -> Value { return std::int64_t{r.quality}; },
                   .in_record = "$.pqs",
                   .meaning = "quality score, 0 to 100",
                   .is_figure = true},
    MeasuredColumn{.name = "gate_compliance_ok",
                   .kind = truth,
                   .value = passed<0>,
                   .in_record = "$.gates[0].passed",
                   .meaning = "passed",
                   .repeats = false,
                   .is_figure = true},
    MeasuredColumn{.name = "gate_stability_ok",
                   .kind = truth,
                   .value = passed<1>,
                   .in_record = "$.gates[1].passed",
                   .meaning = "passed",
                   .repeats = false,
                   .is_figure = true},
    MeasuredColumn{.name = "gate_precision_ok",
                   .kind = truth,
                   .value = passed<2>,
                   .in_record = "$.gates[2].passed",
                   .meaning = "passed",
                   .repeats = false,
                   .is_figure = true},
    MeasuredColumn{.name = "pqs_version",
                   .kind = text,
                   .value = [](const R&) -> Value { return std::string(kQualityVersion); },
                   .in_record = "$.pqs_version",
                   .meaning = "of the quality score",
                   .is_figure = true},
    MeasuredColumn{.name = "was_cached",
                   .kind = truth,
                   .value = [](const R&) -> Value { return std::int64_t{0}; },
                   .in_record = nullptr,
                   .meaning = "served from the result cache, not measured",
                   .repeats = false,
                   .is_in_runs = false},
    MeasuredColumn{.name = "provider_model_id",
                   .kind = text,
                   .value = model_version,
                   .in_record = nullptr,
                   .meaning = "what the provider called its model",
                   .is_in_runs = false,
                   .is_figure = true},
};

}  // namespace

std::span<const MeasuredColumn> measured_columns() { return kColumns; }

const MeasuredColumn& measured_column(std::string_view name) {
  const auto found = std::ranges::find(kColumns, name, &MeasuredColumn::name);
  if (found != kColumns.end()) return *found;
  throw Error(ErrorKind::broken, fmt::format("no measured column is called {}", name));
}

}  // namespace heretix
