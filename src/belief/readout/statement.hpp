// What a model states about a statement and about its negation, and the belief that follows from the two
// (docs/decisions.md). Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/resolution.hpp"
#include "belief/answer/tally.hpp"

namespace heretix {

// One answer of a decision API, as its own JSON object: {"type":"noul","noul":0.98}, or a predicate's "probability".
// Usable with the number as it was stated; an empty text is a missing answer. `confidence` is never looked at: services
// mean five different things by it.
Verdict read_stated(const std::string& answer);

// A template's two sides: the numbers as they were stated, in [0, 1], and the step that the service's numbers have.
struct StatedSides {
  double claim = 0;
  std::optional<double> negation{};  // empty: it was not asked
  double step = 0;                   // 0: none was found

  double claim_logit() const;     // each at its resolution: base/resolution.hpp
  double negation_logit() const;  // where it was asked

  // Half of the difference of the two log-odds, which is free of any tendency to say yes; the claim's own where the
  // negation was not asked.
  double belief_logit() const;

  // Half of their sum: above 0 where the model says yes to both. Only where both were asked.
  double yes_bias() const;

  // Where the belief, and the yes-bias, can lie in log-odds if its numbers were rounded to that step.
  LogitRange belief_range(double rounding) const;
  LogitRange yes_bias_range(double rounding) const;  // where both were asked

  // Both sides are called likelier than not, or both less likely.
  bool contradict() const;
};

// The two sides of an answer that is usable and says what it was made of.
std::optional<StatedSides> sides_of(const Answer& answer);

// The step that the numbers of these templates may well have been rounded to, at least the one that they were read
// with; 0 where none was found.
double rounding_of(std::span<const StatedSides> all);

// The form in which an answer's text keeps the sides under "readout". sides_from() throws nlohmann's exceptions for a
// malformed one.
nlohmann::json to_evidence(const StatedSides& sides);
StatedSides sides_from(const nlohmann::json& evidence);

}  // namespace heretix
