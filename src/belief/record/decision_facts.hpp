// Both sides of a decision over its templates: what the claim got, what its negation got, and what the two say about
// the model itself (docs/decisions.md). From the texts of the answers alone. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "belief/readout/statement.hpp"
#include "belief/record/record.hpp"
#include "belief/stats/paired.hpp"

namespace heretix {

// Probabilities are trimmed centres, taken in log-odds, of the numbers as they are read.
struct DecisionFacts {
  std::size_t templates = 0;      // with a usable answer
  double step = 0;                // that their numbers were rounded to, as far as they show it; 0: none
  std::optional<double> claim{};  // empty without an answer

  // Of those where the negation was asked too.
  struct Both {
    double negation;
    double sum_mean;            // of the two numbers as stated; 1 for a coherent model
    CenteredInterval yes_bias;  // in log-odds
    std::size_t contradicting;  // templates that call both sides likelier than not, or both less likely
    double contradicting_share;
  };
  std::optional<Both> both{};
};
DecisionFacts decision_facts(std::span<const StatedSides> sides);

// The 95 % interval of their yes-bias, which claims no more resolution than the numbers had. Both sides were asked of
// every template; at least one.
CenteredInterval yes_bias_of(std::span<const StatedSides> sides);

// What the honest interval needs to know: how the numbers were rounded, and where that leaves each template.
KnownRounding known_rounding(std::span<const StatedSides> sides);

// A template's sides with what names it.
struct TemplateSides {
  std::string prompt_sha256;
  StatedSides sides;
};

// Of the templates with a usable answer, in the order in which they were asked; empty for another readout.
std::vector<TemplateSides> template_sides(const Record& record);
std::vector<StatedSides> stated_sides(const Record& record);
std::vector<StatedSides> stated_sides(const Plan& plan, std::span<const std::optional<Answer>> answers);

}  // namespace heretix
