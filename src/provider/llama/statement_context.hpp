// Evaluates prompts that begin alike, what they share only once.
//
// Three sequences hold a prompt's three stretches: the state, the state with a statement up to the end of its claim,
// and the whole prompt. Each is copied from the one before and evaluated further. A copy costs nothing where the model
// keeps keys and values, and is right for recurrent models too, whose state cannot be rolled back. One prompt is
// evaluated at a time, by one thread, and its tail removed afterwards. Its logits are therefore the same to the bit
// alone, in company, or resumed.
#pragma once

#include <array>
#include <vector>

#include "provider/llama/decision_form.hpp"
#include "provider/llama/model.hpp"

struct llama_context;

namespace heretix {

class StatementContext {
 public:
  // For prompts of at most `tokens`; the model is borrowed. Throws Error{bad_input} where they do not fit the model's
  // own context, Error{unavailable} where memory does not suffice.
  StatementContext(const LlamaModel& model, std::size_t tokens, Attention attention);
  ~StatementContext();
  StatementContext(const StatementContext&) = delete;
  StatementContext& operator=(const StatementContext&) = delete;

  std::size_t capacity() const { return capacity_; }

  // The logits of what follows on the prompt, over the vocabulary, until the next call. Throws Error{broken} where
  // llama.cpp fails.
  const float* logits_after(const CutPrompt& prompt);

 private:
  void hold(std::size_t sequence, const std::vector<Token>& tokens);
  int evaluate(std::size_t sequence, const std::vector<Token>& tokens, std::size_t from);

  const LlamaModel& model_;
  llama_context* context_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t least_tokens_ = 0;            // in one call; the rest is filled up
  int last_row_ = -1;                       // of the logits in the last call
  std::array<std::vector<Token>, 3> held_;  // by sequence
};

}  // namespace heretix
