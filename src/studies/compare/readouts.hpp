// One claim read off one model in several ways, side by side: does what the model writes agree with what its tokens
// say? Formulas and limits: docs/readouts.md. Pure.
#pragma once

#include "studies/compare/difference.hpp"

namespace heretix {

struct MeasuredReadout {
  Readout readout;
  Record record;
};

struct ReadoutDifference {
  Readout a, b;
  ClaimDifference difference;
};

struct ReadoutComparison {
  std::vector<MeasuredReadout> measured;
  std::vector<std::pair<Readout, std::string>> left_out;  // with the reason why the model cannot be read in this way
  std::vector<ReadoutDifference> differences;             // every pair, paired by template

  // The largest difference between two readouts, in probability, from 0 to 1; 0 for a single readout.
  double disagreement() const;
  bool differs() const;  // some pair differs beyond what chance explains
};

// Throws Error{bad_input} if two of them share no template.
ReadoutComparison compare_readouts(std::vector<MeasuredReadout> measured,
                                   std::vector<std::pair<Readout, std::string>> left_out);

Document to_document(const ReadoutComparison& comparison);
nlohmann::json to_json(const ReadoutComparison& comparison);  // format "heretix_readouts", version 1

}  // namespace heretix
