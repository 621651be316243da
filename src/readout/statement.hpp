// What a model states about a statement and about its negation, and what the two make (docs/decisions.md). Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "answer/tally.hpp"

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

  // How far its value lies from the ends of what the rounding of its numbers leaves open, in log-odds.
  double belief_cell() const;  // also of the yes-bias

  // Both sides are called likelier than not, or both less likely.
  bool contradict() const;
};

// Of the usable answers that say what they were made of, and of no others.
std::vector<StatedSides> sides_of(const std::vector<std::optional<Answer>>& answers);

// The step of the numbers that these answers were made of; 0 where none was found.
double step_of(const std::vector<StatedSides>& all);

// As an answer's text keeps it under "readout"; the second throws nlohmann's exceptions where it is malformed.
nlohmann::json to_evidence(const StatedSides& sides);
StatedSides sides_from(const nlohmann::json& evidence);

}  // namespace heretix
