// Evaluates prompts one after the other, each from where it parts with the one before.
//
// The keys and values that two prompts share are kept; the rest is removed, and the next prompt is evaluated from
// there. The state of a recurrent model cannot be cut off at a token, so it is kept where the shared state of all
// statements ends, and copied for each. Either way a prompt's logits are the same to the bit whether it is evaluated
// alone, in company, or resumed.
#pragma once

#include <vector>

#include "models/llama/decision_form.hpp"
#include "models/llama/model.hpp"

struct llama_context;

namespace heretix {

class StatementContext {
 public:
  // For prompts of at most `tokens`, evaluated by the calling thread; the model is borrowed. Throws Error{bad_input}
  // where they do not fit the model's own context, Error{unavailable} where memory does not suffice.
  StatementContext(const LlamaModel& model, std::size_t tokens, Attention attention);
  ~StatementContext();
  StatementContext(const StatementContext&) = delete;
  StatementContext& operator=(const StatementContext&) = delete;

  std::size_t capacity() const { return capacity_; }
  std::size_t evaluated() const { return evaluated_; }  // tokens so far, without what fills calls up

  // The logits of what follows on the prompt, over the vocabulary, until the next call. Throws Error{broken} where
  // llama.cpp fails.
  const float* logits_after(const StatementPrompt& prompt);

 private:
  void keep(std::size_t tokens);
  void keep_state_of(const StatementPrompt& prompt);
  const float* evaluate(const std::vector<Token>& tokens, std::size_t from, int sequence);

  const LlamaModel& model_;
  llama_context* context_ = nullptr;
  bool is_recurrent_ = false;  // wholly or in part
  std::size_t capacity_ = 0;
  std::size_t least_tokens_ = 0;  // in one call; what is missing is filled up
  std::size_t evaluated_ = 0;
  std::vector<Token> held_;  // of the last prompt, or of the state that is kept
};

// How many tokens two prompts begin alike.
std::size_t shared_tokens(const std::vector<Token>& a, const std::vector<Token>& b);

}  // namespace heretix
