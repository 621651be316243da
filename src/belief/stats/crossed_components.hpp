// How much of the spread of many values is due to the claim, the model and the wording, where not every claim was asked
// in the same wordings of the same models.
//
// The values are y = mu + claim + model + wording + (claim x model) + (claim x wording) + (model x wording) + rest, all
// of them random and independent. The components are found by Henderson's method 1: the uncorrected sum of squares of
// every term is set equal to its expectation, which is linear in the components whatever is missing. On a complete
// table that is the analysis of variance. Source: Searle, Casella & McCulloch, "Variance Components" (1992), section
// 5.3 and chapter 4; formulas: docs/atlas.md; checked against tests/golden/atlas.json. Pure, thread-safe.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace heretix {

// The levels are numbered from 0. A claim, a model and a wording have at most one value together.
struct CrossedValue {
  int claim = 0, model = 0, wording = 0;
  double value = 0;  // in log-odds
};

struct CrossedComponent {
  std::string source;  // "claim", "model", "wording", "claim x model", …, "rest"
  double variance;     // squared log-odds, >= 0: a negative estimate counts as 0
  double share;        // of the sum, in [0, 1]; 0 if the sum is 0
};

// A term with one level, and one that cannot be told apart from the rest, is left out: its part is in "rest". Empty
// where nothing can be told apart: fewer than two factors vary, or the levels of one determine those of another.
std::vector<CrossedComponent> crossed_components(std::span<const CrossedValue> values);

}  // namespace heretix
