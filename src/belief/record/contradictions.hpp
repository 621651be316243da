// Where a model contradicts itself: wordings that say true beside wordings that say false, replicates of one wording
// that do, and a claim and its negation that are both called likely, or both unlikely. The page draws the same
// (web/src/belief.ts). Pure.
#pragma once

#include <string>
#include <vector>

#include "belief/record/record.hpp"

namespace heretix {

struct Contradiction {
  enum class Kind { wordings, replicates, sides };
  Kind kind;
  double from, to;                      // the two things that it says, as probabilities of the claim
  std::optional<int> paraphrase_idx{};  // the wording that contradicts itself; empty between wordings
};

// First the wordings against each other, from the mean of those that say false to the mean of those that say true;
// then each wording against itself, in the order of the bank.
std::vector<Contradiction> contradictions_of(const Record& record);

// A sentence for each kind that was found: "The wording decides: 13 wordings say true, 1 says false."
std::vector<std::string> contradictions_in_words(const Record& record, const std::vector<Contradiction>& found);

// "4 say false", "1 says true", "none says true".
std::string count_in_words(std::size_t wordings, const std::string& what);

}  // namespace heretix
