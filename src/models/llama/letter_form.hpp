// How a local model is asked for the letter of an option, through its own chat template, and how the letters'
// probabilities are read from the logits that follow.
#pragma once

#include <string>
#include <vector>

#include "belief/readout/letters.hpp"
#include "models/llama/model.hpp"
#include "models/llama/prompt_context.hpp"

namespace heretix {

class LetterForm {
 public:
  // The model is borrowed.
  explicit LetterForm(const LlamaModel& model);

  // Why the model cannot be asked so; empty: it can. Where it cannot, nothing below may be called.
  const std::string& why_not() const { return why_not_; }

  TokenPrompt prompt(const std::string& system, const std::string& user) const;

  // Logits are divided by `temperature` (> 0). Throws Error{broken} if they are not numbers.
  LetterShares read(const float* logits, double temperature) const;

 private:
  const LlamaModel& model_;
  std::string why_not_;
  std::vector<Token> tokens_;         // that are a letter, with a space before it or without
  std::vector<std::size_t> letters_;  // of the same
};

}  // namespace heretix
