// The difference of two beliefs that stand side by side, with the interval of that same difference. Formulas:
// docs/compare.md. Pure.
#pragma once

#include <vector>

#include "belief/record/shared_templates.hpp"
#include "belief/stats/paired.hpp"

namespace heretix {

inline constexpr std::size_t kLeastShared = 5;  // templates needed for a paired comparison

struct BeliefSide {
  double p = 0;  // belief_v2
  std::vector<AnsweredTemplate> templates{};
};

// Whether the two are compared template by template: they share enough of them, or all of the smaller side.
bool is_paired(const SharedTemplates& shared, const BeliefSide& a, const BeliefSide& b);

// a.p minus b.p in probability, within [-1, 1]. Paired where that is possible, else Welch's interval; widened to what
// the rounding of the numbers leaves open. Without an interval where a side has a single template and they are not the
// same. Throws Error{bad_input} where a side has no template.
CenteredInterval belief_difference(const BeliefSide& a, const BeliefSide& b, Level level = Level::p95);

}  // namespace heretix
