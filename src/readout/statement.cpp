#include "readout/statement.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/resolution.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr double kEven = 0.5;

double logit_of(double number, double step) { return to_logit(value_read(Probability{number}, step / 2)).value(); }

// Half of the width of what was rounded to that number, in log-odds.
double half_cell(double number, double step) {
  const double p = value_read(Probability{number}, step / 2).value();
  const Probability low{std::max(0.0, p - step / 2)}, high{std::min(1.0, p + step / 2)};
  return (to_logit(high).value() - to_logit(low).value()) / 2;
}

// The member that holds the number, by the type of the answer; null: no such type is known.
const char* number_name(const std::string& type) {
  if (type == "noul") return "noul";
  return type == "predicate" ? "probability" : nullptr;
}

}  // namespace

Verdict read_stated(const std::string& answer) {
  const auto unusable = [](Reason reason) { return Verdict{std::nullopt, reason}; };
  if (answer.empty()) return unusable(Reason::missing_answer);

  const json said = json::parse(answer, nullptr, false);
  if (!said.is_object()) return unusable(Reason::not_json);
  const auto type = said.find("type");
  if (type == said.end() || !type->is_string()) return unusable(Reason::missing_answer);
  if (*type == "refusal") return unusable(Reason::provider_refusal);

  const char* name = number_name(*type);
  if (name == nullptr) return unusable(Reason::missing_answer);
  const auto number = said.find(name);
  if (number == said.end()) return unusable(Reason::no_probability);
  if (!number->is_number()) return unusable(Reason::not_a_number);
  const double p = *number;
  if (!(p >= 0 && p <= 1)) return unusable(Reason::out_of_range);
  return {Probability{p}, std::nullopt};
}

double StatedSides::claim_logit() const { return logit_of(claim, step); }

double StatedSides::negation_logit() const { return logit_of(negation.value(), step); }

double StatedSides::belief_logit() const { return negation ? (claim_logit() - negation_logit()) / 2 : claim_logit(); }

double StatedSides::belief_cell() const {
  if (!(step > 0)) return 0;
  return negation ? (half_cell(claim, step) + half_cell(*negation, step)) / 2 : half_cell(claim, step);
}

double StatedSides::yes_bias() const { return (claim_logit() + negation_logit()) / 2; }

bool StatedSides::contradict() const { return negation && (claim - kEven) * (*negation - kEven) > 0; }

std::vector<StatedSides> sides_of(const std::vector<std::optional<Answer>>& answers) {
  std::vector<StatedSides> all;
  for (const auto& answer : answers) {
    if (!answer || !answer->verdict.usable()) continue;
    const json said = json::parse(answer->raw_text.value_or(""), nullptr, false);
    const bool is_made =
        said.is_object() && said.contains("readout") && said["readout"].value("kind", "") == "decision";
    if (is_made) all.push_back(sides_from(said["readout"]));
  }
  return all;
}

double step_of(const std::vector<StatedSides>& all) {
  double step = 0;
  for (const StatedSides& sides : all) step = std::max(step, sides.step);
  return step;
}

json to_evidence(const StatedSides& sides) {
  json evidence = {{"kind", "decision"}, {"claim", sides.claim}, {"step", sides.step}};
  if (sides.negation) evidence["negation"] = *sides.negation;
  return evidence;
}

StatedSides sides_from(const json& evidence) {
  StatedSides sides{.claim = evidence.at("claim"), .negation = {}, .step = evidence.at("step")};
  if (evidence.contains("negation")) sides.negation = evidence["negation"].get<double>();
  return sides;
}

}  // namespace heretix
