// A claim: one statement that can be true or false, kept exactly as it was given.
#pragma once

#include <string>
#include <string_view>

namespace heretix {

inline constexpr std::size_t kMaxClaimBytes = 16384;  // of any claim; the prompt limit is usually far tighter

struct Claim {
  std::string text;
  std::string hash() const;  // sha256 of the text, hexadecimal
};

// No trimming, no normalisation: what was given is what is hashed and asked.
// Throws Error{bad_input} for a claim that is empty or only white space, longer than kMaxClaimBytes, holds
// a NUL, or is not valid UTF-8.
Claim parse_claim(const std::string& text);

// Digits with a sign, separators, an exponent or a percent sign, and nothing that could be true or false.
bool is_only_a_number(std::string_view text);

// Ends in a question mark of any script, with any exclamation marks, closing quotes, closing brackets and white space
// behind it. By form alone: "Is the earth flat" without its mark is not noticed, and a statement that ends with a
// quoted question is.
bool is_question(std::string_view text);

// What a person asks to have measured must be a statement. Stored claims are never judged by this: what was measured
// once stays readable. `how_to_allow` ends the hint for a question: how to have it measured all the same.
// Throws Error{bad_input} for a claim that is only a number, and for a question unless `allow_question`.
void require_statement(std::string_view text, bool allow_question, std::string_view how_to_allow);

}  // namespace heretix
