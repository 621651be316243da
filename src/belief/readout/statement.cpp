#include "belief/readout/statement.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "belief/readout/letters.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr double kEven = 0.5;

double logit_of(double number, double step) { return to_logit(value_read(Probability{number}, step / 2)).value(); }

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
  if (*type == kLettersType) return read_letters(said);

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

LogitRange StatedSides::belief_range(double rounding) const {
  const LogitRange of_claim = rounded_to(Probability{claim}, rounding);
  if (!negation) return of_claim;
  const LogitRange of_negation = rounded_to(Probability{*negation}, rounding);
  return {(of_claim.low - of_negation.high) / 2, (of_claim.high - of_negation.low) / 2};
}

LogitRange StatedSides::yes_bias_range(double rounding) const {
  const LogitRange of_claim = rounded_to(Probability{claim}, rounding);
  const LogitRange of_negation = rounded_to(Probability{negation.value()}, rounding);
  return {(of_claim.low + of_negation.low) / 2, (of_claim.high + of_negation.high) / 2};
}

double StatedSides::yes_bias() const { return (claim_logit() + negation_logit()) / 2; }

bool StatedSides::contradict() const { return negation && (claim - kEven) * (*negation - kEven) > 0; }

std::optional<StatedSides> sides_of(const Answer& answer) {
  if (!answer.verdict.usable()) return std::nullopt;

  // Most answers are written ones, and need no parsing: a name stands in JSON as it is, unless it is escaped.
  const std::string raw = answer.raw_text.value_or("");
  if (raw.find("readout") == std::string::npos && raw.find('\\') == std::string::npos) return std::nullopt;

  const json said = json::parse(raw, nullptr, false);
  const bool is_made = said.is_object() && said.contains("readout") && said["readout"].value("kind", "") == "decision";
  return is_made ? std::optional(sides_from(said["readout"])) : std::nullopt;
}

double rounding_of(std::span<const StatedSides> all) {
  std::vector<double> numbers;
  double step = 0;
  for (const StatedSides& sides : all) {
    step = std::max(step, sides.step);
    numbers.push_back(sides.claim);
    if (sides.negation) numbers.push_back(*sides.negation);
  }
  return std::max(step, likely_step_of(numbers));
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
