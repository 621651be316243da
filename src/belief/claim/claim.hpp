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

// Nothing is trimmed or normalised: the text that was given is the text that is hashed and asked. Throws
// Error{bad_input} for a claim that is empty or only white space, is longer than kMaxClaimBytes, holds a NUL, or is not
// valid UTF-8.
Claim parse_claim(const std::string& text);

// Whether the text is only digits with a sign, separators, an exponent or a percent sign, with nothing in it that could
// be true or false.
bool is_only_a_number(std::string_view text);

// Whether the text ends in a question mark of any script, which exclamation marks, closing quotes, closing brackets and
// white space may follow. Only the form is judged: "Is the earth flat" without its mark is not noticed, and a statement
// that ends with a quoted question is taken for a question.
bool is_question(std::string_view text);

// What a person asks to have measured must be a statement. Stored claims are never judged by this, so that what was
// measured once stays readable. `how_to_allow` ends the hint for a question and says how to have it measured all the
// same. Throws Error{bad_input} for a claim that is only a number, and for a question unless `allow_question`.
void require_statement(std::string_view text, bool allow_question, std::string_view how_to_allow);

}  // namespace heretix
