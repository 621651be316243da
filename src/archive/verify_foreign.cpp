#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "archive/verify.hpp"
#include "belief/record/measured_columns.hpp"

namespace heretix {
namespace {

using nlohmann::ordered_json;

constexpr double kProbabilityBound = 1e-15;  // two ulps of a probability, with room for another exp()

void expect_near(const Row& run, const char* column, double recomputed, Verification& verification) {
  const auto stored = run.real(column);
  if (stored && std::abs(*stored - recomputed) <= kProbabilityBound) return;
  verification.differences.push_back(fmt::format("runs.{}: stored {}, recomputed {}", column,
                                                 stored ? fmt::format("{}", *stored) : "null", recomputed));
}

// The other program met its templates in the order of the keys in its JSON text.
std::vector<TemplateLogits> templates_of(RunStore& runs, const Row& run, Verification& verification) {
  const ordered_json counts = ordered_json::parse(run.text_or_empty("counts_by_template_json"), nullptr, false);
  if (!counts.is_object()) return {};

  std::map<std::string, std::vector<std::pair<std::int64_t, double>>> answers;
  for (const Row& sample : runs.samples_of(verification.run_id)) {
    const auto p = sample.real("prob_true");
    const auto prompt = sample.text("prompt_sha256");
    if (sample.integer("json_valid") != 1 || !prompt || !p || *p < 0 || *p > 1) continue;
    answers[*prompt].emplace_back(sample.integer("replicate_idx").value_or(0), *p);
  }

  std::vector<TemplateLogits> templates;
  std::size_t found = 0, wanted = 0;
  for (const auto& item : counts.items()) {
    auto& replicates = answers[item.key()];
    std::ranges::sort(replicates);
    TemplateLogits& added = templates.emplace_back(TemplateLogits{item.key(), {}});
    for (const auto& [replicate, p] : replicates) added.logits.push_back(to_clamped_logit(p));
    const std::size_t count = item.value().is_number_unsigned() ? item.value().get<std::size_t>() : 0;
    wanted += count;
    found += std::min(count, added.logits.size());
    if (added.logits.size() > count) found = 0;
  }

  if (!templates.empty() && found == wanted) return templates;
  verification.not_checked.push_back(
      fmt::format("the estimate: the run counted {} usable answers, the file keeps {} under this run (shared answers "
                  "stay with the run that paid)",
                  wanted, found));
  return {};
}

void check_interval(const Row& run, const Estimate& e, Verification& verification) {
  if (std::holds_alternative<double>(run.value("bootstrap_seed"))) {
    verification.not_checked.emplace_back("the interval: the seed was stored as REAL and lost its precision");
    return;
  }
  if (std::holds_alternative<std::monostate>(run.value("bootstrap_seed"))) {
    verification.not_checked.emplace_back("the interval: no seed is stored");
    return;
  }
  expect_near(run, "ci_lo", e.ci95.low.value(), verification);
  expect_near(run, "ci_hi", e.ci95.high.value(), verification);
  expect_near(run, "ci_width", e.ci95.width(), verification);
}

}  // namespace

Verification verify_foreign(RunStore& runs, const RunId& run_id) {
  const Row run = runs.run(run_id);
  Verification verification{
      .run_id = run_id, .execution_id = std::nullopt, .recomputed = {}, .differences = {}, .not_checked = {}};
  verification.not_checked.emplace_back("raw texts: another program wrote this run and kept none");
  const std::vector<TemplateLogits> templates = templates_of(runs, run, verification);
  if (templates.empty()) return verification;
  const auto seed = static_cast<std::uint64_t>(run.integer("bootstrap_seed").value_or(0));
  const Estimate e =
      estimate(templates, {.seed = seed, .draws = static_cast<int>(run.integer("B").value_or(kDefaultDraws))});
  verification.recomputed.push_back(fmt::format("p {:.6f}, frozen 95 % interval [{:.6f}, {:.6f}] from {} templates",
                                                e.p.value(), e.ci95.low.value(), e.ci95.high.value(),
                                                templates.size()));
  expect_near(run, "prob_true_rpl", e.p.value(), verification);
  expect_near(run, kSpreadColumn, e.spread_logit, verification);
  expect_near(run, "stability_score", e.stability, verification);
  check_interval(run, e, verification);
  return verification;
}

}  // namespace heretix
