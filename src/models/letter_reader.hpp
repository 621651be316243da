// A Provider that tells how probable each letter is as the answer to a prompt whose options have letters.
//
// Such a prompt is a question of a plan by Readout::decision whose mode has "asked" as letter_form() says. The reply's
// text is that of belief/readout/letters.hpp.
#pragma once

#include <string>

namespace heretix {

class LetterReader {
 public:
  virtual ~LetterReader() = default;

  // Why it cannot; empty if it can.
  virtual std::string why_no_letters() const = 0;

  // Names what is put around a prompt and how letters are read. It is part of every key.
  virtual std::string letter_form() const = 0;
};

}  // namespace heretix
