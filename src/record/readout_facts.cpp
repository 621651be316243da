#include "record/readout_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

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

}  // namespace

json readout_facts(const Record& record) {
  const Readout readout = record.plan.recipe.readout();
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
  if (kind == "frequency") return fmt::format("{:.0f} samples a template", facts.at("samples_mean").get<double>());
  if (kind == "verbalized") return fmt::format("{} answers", record.usable);
  return fmt::format("at most {:.4f} of the mass open; s.d. of one written answer {:.3f}",
                     facts.at("remaining_mass_most").get<double>(), facts.at("sd_of_one_answer").get<double>());
}

}  // namespace heretix
