#include "belief/record/readout_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "belief/record/decision_facts.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr double kTellsReach = 0.01;
constexpr double kWantedError = 0.01;  // standard error of one template, in probability

std::vector<json> evidence_of(const Record& record) {
  std::vector<json> all;
  for (const Answer& answer : record.answers) {
    const json said = json::parse(answer.raw_text.value_or(""), nullptr, false);
    if (answer.verdict.usable() && said.is_object() && said.contains("readout")) all.push_back(said["readout"]);
  }
  return all;
}

double mean_of(const std::vector<json>& all, const char* name) {
  double sum = 0;
  for (const json& one : all) sum += one.value(name, 0.0);
  return all.empty() ? 0.0 : sum / static_cast<double>(all.size());
}

double largest_of(const std::vector<json>& all, const char* name) {
  double most = 0;
  for (const json& one : all) most = std::max(most, one.value(name, 0.0));
  return most;
}

// How far apart the bounds of one answer are at most.
double reach_most(const std::vector<json>& all) {
  double most = 0;
  for (const json& one : all) most = std::max(most, one.value("high", 0.0) - one.value("low", 0.0));
  return most;
}

json to_json(const DecisionFacts& facts) {
  json out = {{"kind", "decision"}, {"answers", facts.templates}, {"step", facts.step}};
  if (facts.claim) out["claim"] = *facts.claim;
  if (!facts.both) return out;

  json bias = {{"log_odds", facts.both->yes_bias.center}};
  if (facts.both->yes_bias.has_interval())
    bias.update({{"low", *facts.both->yes_bias.low}, {"high", *facts.both->yes_bias.high}});
  out.update({{"negation", facts.both->negation},
              {"sum_mean", facts.both->sum_mean},
              {"yes_bias", bias},
              {"contradicting", facts.both->contradicting},
              {"contradicting_share", facts.both->contradicting_share}});
  return out;
}

std::string decision_in_words(const DecisionFacts& facts) {
  if (!facts.claim) return "no answer";
  const std::string step = facts.step > 0 ? fmt::format("; numbers in steps of {}", facts.step) : "";
  if (!facts.both)
    return fmt::format("claim {:.2f}; its negation was not asked, so a tendency to say yes stays in the number{}",
                       *facts.claim, step);

  const CenteredInterval& bias = facts.both->yes_bias;
  const std::string interval = bias.has_interval() ? fmt::format(" ({:+.2f} to {:+.2f})", *bias.low, *bias.high) : "";
  return fmt::format(
      "claim {:.2f}, negation {:.2f}; yes-bias {:+.2f}{} in log-odds; {} of {} wordings contradict their own "
      "negation{}",
      *facts.claim, facts.both->negation, bias.center, interval, facts.both->contradicting, facts.templates, step);
}

}  // namespace

json readout_facts(const Record& record) {
  const Readout readout = record.plan.recipe.readout();
  if (readout == Readout::decision) return to_json(decision_facts(stated_sides(record)));
  const std::vector<json> all = evidence_of(record);
  json facts = {{"kind", to_word(readout)}, {"answers", all.size()}};
  if (readout == Readout::token) {
    facts["other_mass_mean"] = mean_of(all, "other");
    if (const double reach = reach_most(all); reach > 0) facts["reach_most"] = reach;  // absent where nothing is hidden
  }
  if (readout == Readout::frequency) facts["samples_mean"] = mean_of(all, "of");
  if (readout != Readout::expected) return facts;
  double squares = 0;
  for (const json& one : all) squares += std::pow(one.value("sd_of_one_answer", 0.0), 2);
  const double deviation = all.empty() ? 0.0 : std::sqrt(squares / static_cast<double>(all.size()));
  facts.update({{"parts_mean", mean_of(all, "parts")},
                {"remaining_mass_most", largest_of(all, "remaining_mass")},
                {"reach_most", reach_most(all)},
                {"sd_of_one_answer", deviation},
                {"answers_for_0.01", std::ceil(std::pow(deviation / kWantedError, 2))}});
  return facts;
}

std::string readout_in_words(const Record& record) {
  const Readout readout = record.plan.recipe.readout();
  if (readout == Readout::decision) return decision_in_words(decision_facts(stated_sides(record)));
  const json facts = readout_facts(record);
  if (readout == Readout::token) {
    std::string text = fmt::format("{:.1f} % other words", 100 * facts.at("other_mass_mean").get<double>());
    if (const double reach = facts.value("reach_most", 0.0); reach >= kTellsReach)
      text += fmt::format("; the server hides tokens: an answer is known to within {:.2f} only", reach);
    return text;
  }
  if (readout == Readout::frequency)
    return fmt::format("{:.0f} samples a template", facts.at("samples_mean").get<double>());
  if (readout == Readout::verbalized) return fmt::format("{} answers", record.usable);
  return fmt::format("each mean known to within {:.4f}; s.d. of one written answer {:.3f}",
                     facts.at("reach_most").get<double>(), facts.at("sd_of_one_answer").get<double>());
}

}  // namespace heretix
