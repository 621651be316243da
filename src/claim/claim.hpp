// A claim: one statement that can be true or false, kept exactly as it was given.
#pragma once

#include <string>

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

}  // namespace heretix
