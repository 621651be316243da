// How probable each letter is as the first token of an answer: what a model is asked for where its options have letters
// (belief/decide/). Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "belief/answer/verdict.hpp"
#include "belief/readout/number_tree.hpp"

namespace heretix {

inline constexpr std::size_t kMostLetters = 16;  // options that one prompt shows; more are shown in several
inline constexpr std::string_view kLettersType = "heretix_letters";

struct LetterShares {
  std::vector<double> shares;  // of A, B, …: among themselves, so that their sum is 1
  double mass = 0;             // that all of them hold; the rest went to other tokens
};

// As a reply's text: {"type":"heretix_letters","letters":{"A":0.7,…},"mass":0.9}.
std::string to_text(const LetterShares& letters);

// Usable if every letter has its share.
Verdict read_letters(const nlohmann::json& said);

// The first `count` letters of such a text, among themselves; empty where it does not state them.
std::vector<double> letters_from(const std::string& text, std::size_t count);

// By the probabilities of an answer's tokens, of which only the likeliest are shown. A letter that is not shown has at
// most what the least of the shown tokens has, and at most what is left; half of the smaller is taken. Empty where no
// letter is shown.
std::optional<LetterShares> letters_of_tokens(const std::vector<TokenStep>& steps);

}  // namespace heretix
