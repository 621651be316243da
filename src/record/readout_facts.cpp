#include "record/readout_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "readout/statement.hpp"
#include "stats/moments.hpp"
#include "stats/paired.hpp"

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

double centre_as_probability(std::vector<double> logits) {
  return to_probability(Logit{trimmed_center(std::move(logits))}).value();
}

// The interval of the yes-bias claims no more resolution than the numbers had.
json yes_bias_of(const std::vector<StatedSides>& all) {
  std::vector<double> biases, cells;
  for (const StatedSides& sides : all) {
    biases.push_back(sides.yes_bias());
    cells.push_back(sides.belief_cell());
  }
  const CenteredInterval found = trimmed_spread_interval(biases);
  json bias = {{"log_odds", found.center}};
  if (!found.has_interval()) return bias;
  const double cell = mean_left_to_right(cells);
  bias.update(
      {{"low", std::min(*found.low, found.center - cell)}, {"high", std::max(*found.high, found.center + cell)}});
  return bias;
}

json decision_facts(const Record& record) {
  const std::vector<StatedSides> all = sides_of({record.answers.begin(), record.answers.end()});
  json facts = {{"kind", "decision"}, {"answers", all.size()}, {"step", step_of(all)}};
  if (all.empty()) return facts;

  std::vector<double> claim, negation, sums;
  std::size_t contradicting = 0;
  for (const StatedSides& sides : all) {
    claim.push_back(sides.claim_logit());
    if (!sides.negation) continue;
    negation.push_back(sides.negation_logit());
    sums.push_back(sides.claim + *sides.negation);
    if (sides.contradict()) ++contradicting;
  }
  facts["claim"] = centre_as_probability(claim);
  if (negation.empty()) return facts;
  facts.update({{"negation", centre_as_probability(negation)},
                {"sum_mean", mean_left_to_right(sums)},
                {"yes_bias", yes_bias_of(all)},
                {"contradicting", contradicting},
                {"contradicting_share", static_cast<double>(contradicting) / static_cast<double>(all.size())}});
  return facts;
}

std::string step_in_words(const json& facts) {
  const double step = facts.at("step");
  return step > 0 ? fmt::format("; numbers in steps of {}", step) : "";
}

std::string decision_in_words(const json& facts) {
  if (!facts.contains("claim")) return "no answer";
  if (!facts.contains("negation"))
    return fmt::format("claim {:.2f}; its negation was not asked, so a tendency to say yes stays in the number{}",
                       facts.at("claim").get<double>(), step_in_words(facts));
  const json& bias = facts.at("yes_bias");
  std::string text = fmt::format("claim {:.2f}, negation {:.2f}; yes-bias {:+.2f}", facts.at("claim").get<double>(),
                                 facts.at("negation").get<double>(), bias.at("log_odds").get<double>());
  if (bias.contains("low"))
    text += fmt::format(" ({:+.2f} to {:+.2f})", bias.at("low").get<double>(), bias.at("high").get<double>());
  return text + fmt::format(" in log-odds; {} of {} wordings contradict their own negation{}",
                            facts.at("contradicting").get<std::size_t>(), facts.at("answers").get<std::size_t>(),
                            step_in_words(facts));
}

}  // namespace

json readout_facts(const Record& record) {
  const Readout readout = record.plan.recipe.readout();
  if (readout == Readout::decision) return decision_facts(record);
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
  const json facts = readout_facts(record);
  const std::string kind = facts.at("kind");
  if (kind == "token") {
    std::string text = fmt::format("{:.1f} % other words", 100 * facts.at("other_mass_mean").get<double>());
    if (const double reach = facts.value("reach_most", 0.0); reach >= kTellsReach)
      text += fmt::format("; the server hides tokens: an answer is known to within {:.2f} only", reach);
    return text;
  }
  if (kind == "decision") return decision_in_words(facts);
  if (kind == "frequency") return fmt::format("{:.0f} samples a template", facts.at("samples_mean").get<double>());
  if (kind == "verbalized") return fmt::format("{} answers", record.usable);
  return fmt::format("at most {:.4f} of the mass open; s.d. of one written answer {:.3f}",
                     facts.at("remaining_mass_most").get<double>(), facts.at("sd_of_one_answer").get<double>());
}

}  // namespace heretix
