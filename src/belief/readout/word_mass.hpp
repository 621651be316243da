// How probable the answers True and False are, by the probabilities of their first tokens. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "belief/readout/number_tree.hpp"

namespace heretix {

struct WordMass {
  double yes = 0, no = 0;  // of every spelling of True and of False; the rest went to other words
  double hidden = 0;       // of tokens that the server does not show: any part of it may belong to either word

  // P(True) / (P(True) + P(False)) certainly lies between these two. They are equal if nothing is hidden.
  double low() const { return yes / (yes + no + hidden); }
  double high() const { return (yes + hidden) / (yes + no + hidden); }

  // The probability by the masses that are shown; if one of the words is not shown at all, the middle between the
  // bounds.
  double probability() const;
};

// A token counts for the word that it begins, whatever its case and the space before it; one that could begin both (a
// space alone) counts for none, and the token after it is looked at. Empty where neither word has any mass.
std::optional<WordMass> word_mass(const std::vector<TokenStep>& steps);

// True, False, or empty for a text that begins with neither word.
std::optional<bool> word_of_answer(std::string_view text);

// Whether a token may begin True or False: "T", " true", "FALSE".
enum class WordSide { neither, either, yes, no };
WordSide side_of(std::string_view token);

}  // namespace heretix
