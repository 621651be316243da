// A prompt bank as it is stored, with the hash of that text. Pure.
#pragma once

#include <string>

#include "belief/record/record.hpp"

namespace heretix {

struct BankContent {
  std::string text;    // to_json(bank) without spaces
  std::string sha256;  // of the text: content_sha256(bank)
};

// One bank serves many claims, so each thread keeps what it made last.
BankContent content_of(const PromptBank& bank);

}  // namespace heretix
