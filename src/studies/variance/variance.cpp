#include "studies/variance/variance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "belief/record/shared_templates.hpp"

namespace heretix {
namespace {

constexpr double kLeastCost = 1e-9;  // the optimum is defined for costs above 0

template <class Name>
int place_in(std::vector<Name>& names, const Name& name) {
  const auto found = std::ranges::find(names, name);
  if (found != names.end()) return static_cast<int>(found - names.begin());
  names.push_back(name);
  return static_cast<int>(names.size() - 1);
}

std::vector<std::vector<double>> logits_of(const Record& r) {
  std::vector<std::vector<double>> groups;
  for (const TemplateResult& t : r.templates) {
    if (t.probabilities.empty()) continue;
    auto& logits = groups.emplace_back();
    for (const Probability p : t.probabilities) logits.push_back(to_logit(p).value());
  }
  return groups;
}

void require_one_claim(const std::vector<Record>& records) {
  for (const Record& r : records) {
    if (r.plan.recipe.claim.text != records[0].plan.recipe.claim.text)
      throw Error(ErrorKind::bad_input, "the runs are of different claims",
                  "give runs of one claim; see heretix compare");
  }
}

// The variance between replicates, pooled over all runs; empty if no template of any run has two answers.
std::optional<double> replicate_variance(const std::vector<Record>& records, double& harmonic) {
  double squares = 0, freedom = 0, inverse = 0, templates = 0;
  for (const Record& r : records) {
    const auto groups = logits_of(r);
    const WordingVariance one = wording_variance(groups);
    double answers = 0;
    for (const auto& group : groups) answers += static_cast<double>(group.size());
    const double left = answers - static_cast<double>(groups.size());
    squares += one.replicate.value_or(0) * left;
    freedom += left;
    templates += static_cast<double>(groups.size());
    inverse += static_cast<double>(groups.size()) / one.harmonic_replicates;
  }
  harmonic = templates / inverse;
  return freedom > 0 ? std::optional(squares / freedom) : std::nullopt;
}

void add(VarianceReport& report, const std::string& source, std::optional<double> variance) {
  if (variance) report.components.push_back({source, *variance, 0.0});
}

// The variance of one run's centre, after `templates` wordings with `replicates` answers each.
struct Precision {
  double wording, replicate;
  double of(double templates, double replicates) const {
    return wording / templates + replicate / (templates * replicates);
  }
};

// Compares two ways to spend about as many more answers: on new wordings or on replicates.
void advise(VarianceReport& report, const Precision& precision, double templates, double replicates,
            bool has_replicates, bool bank_is_spent, double wording_cost) {
  report.estimate_variance = precision.of(templates, replicates);
  const double wordings = std::max(1.0, std::round(templates / replicates));
  report.next.push_back({.what = fmt::format("{:g} more wordings, asked {:g} {} each", wordings, replicates,
                                             replicates == 1 ? "time" : "times"),
                         .variance_after = precision.of(templates + wordings, replicates),
                         .answers = wordings * (replicates + wording_cost),
                         .needs_new_wording = bank_is_spent});
  if (!has_replicates) return;
  report.next.push_back({.what = "every wording once more",
                         .variance_after = precision.of(templates, replicates + 1),
                         .answers = templates});
  const auto gain = [&](const NextQuestion& q) { return (report.estimate_variance - q.variance_after) / q.answers; };
  const bool is_tie = std::abs(gain(report.next[1]) - gain(report.next[0])) <= 1e-9 * gain(report.next[0]);
  if ((is_tie && bank_is_spent) || (!is_tie && gain(report.next[1]) > gain(report.next[0])))
    std::swap(report.next[0], report.next[1]);
}

void analyse_several(VarianceReport& report, const std::vector<Record>& records, std::optional<double> replicate,
                     double harmonic) {
  std::vector<const Record*> all;
  for (const Record& r : records) all.push_back(&r);
  const SharedTemplates shared = shared_templates(all);
  report.templates = shared.wordings.size();
  std::vector<CrossedRun> runs;
  for (std::size_t i = 0; i < records.size(); ++i)
    runs.push_back({.model = place_in(report.models, records[i].plan.recipe.model),
                    .day = place_in(report.days, utc_day(records[i].execution.created_at)),
                    .means = shared.means[i]});
  const CrossedVariance found = crossed_variance(runs);
  add(report, "wording", found.wording);
  add(report, "model", found.model);
  add(report, "day", found.day);
  if (replicate) add(report, "replicate", replicate);
  add(report, replicate ? "interactions" : "replicate and interactions",
      std::max(0.0, found.rest - replicate.value_or(0) / harmonic));
}

void fill_shares(VarianceReport& report) {
  double sum = 0;
  for (const VarianceComponent& c : report.components) sum += c.variance;
  for (VarianceComponent& c : report.components) c.share = sum > 0 ? c.variance / sum : 0.0;
}

}  // namespace

VarianceReport variance_report(const std::vector<Record>& records, double wording_cost) {
  if (records.empty()) throw Error(ErrorKind::bad_input, "no run is given");
  if (!(wording_cost >= 0 && wording_cost <= 1000))
    throw Error(ErrorKind::bad_input,
                fmt::format("the cost of a wording is {} answers; it must be from 0 to 1000", wording_cost));
  require_one_claim(records);

  VarianceReport report{.claim = records[0].plan.recipe.claim.text,
                        .executions = {},
                        .models = {},
                        .days = {},
                        .components = {},
                        .next = {}};

  for (const Record& r : records) {
    report.executions.push_back(r.execution.execution_id);
    report.answers += r.usable;
  }

  const WordingVariance first = wording_variance(logits_of(records[0]));
  if (!first.means)
    throw Error(ErrorKind::bad_input, "a single template says nothing about wording",
                "measure with more templates: -K, -T");

  double harmonic = 1;
  const std::optional<double> replicate = replicate_variance(records, harmonic);

  if (records.size() == 1) {
    report.templates = logits_of(records[0]).size();
    place_in(report.models, records[0].plan.recipe.model);
    place_in(report.days, utc_day(records[0].execution.created_at));
    add(report, replicate ? "wording" : "wording and replicate", first.wording);
    add(report, "replicate", replicate);
  } else {
    analyse_several(report, records, replicate, harmonic);
  }

  fill_shares(report);
  if (replicate)
    report.best_replicates =
        best_replicates(report.components[0].variance, *replicate, std::max(wording_cost, kLeastCost), 1.0);

  const bool is_spent = report.templates >= static_cast<std::size_t>(records[0].plan.bank_size);
  advise(report, {report.components[0].variance, replicate.value_or(0)}, static_cast<double>(report.templates),
         harmonic, replicate.has_value(), is_spent, wording_cost);
  return report;
}

}  // namespace heretix
