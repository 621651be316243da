// Evaluates prompts one after the other, each from where it parts with the one before.
//
// The keys and values that two prompts share are kept; the rest is removed, and the next prompt is evaluated from
// there. The state of a recurrent model cannot be cut off at a token, so it is kept where the state that all prompts
// share ends, and copied for each. Either way a prompt's logits are the same to the bit whether it is evaluated
// alone, in company, or resumed.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "models/llama/model.hpp"

struct ggml_tensor;
struct llama_batch;
struct llama_context;

namespace heretix {

struct TokenPrompt {
  std::vector<Token> tokens;
  std::size_t state_ends = 0;  // so many tokens are the same for all prompts that are evaluated in turn
};

// How attention is summed. llama.cpp's fused attention rounds differently for fewer than 64 tokens in a call, and on a
// small quantised model that alone moves a probability by some hundredths (docs/decisions.md).
enum class Attention {
  plain,  // not fused: a prompt evaluated in several calls gives the same logits to the bit
  fused,  // as llama.cpp's server has it; short calls are filled up, so that the logits are those of one call
};

inline constexpr std::size_t kMostEndings = 16;       // of one prompt, in one call
inline constexpr std::size_t kMostEndingTokens = 16;  // of each

class PromptContext {
 public:
  // For prompts of at most `tokens`, evaluated by the calling thread; the model is borrowed. Throws Error{bad_input}
  // where they do not fit the model's own context, Error{unavailable} where memory does not suffice.
  PromptContext(const LlamaModel& model, std::size_t tokens, Attention attention);
  ~PromptContext();
  PromptContext(const PromptContext&) = delete;
  PromptContext& operator=(const PromptContext&) = delete;

  std::size_t capacity() const { return capacity_; }
  std::size_t evaluated() const { return evaluated_; }  // tokens so far, without what fills calls up

  // The same while a call is under way, by the layers that it has come through. Any thread may ask.
  double put_through() const { return put_through_; }

  // Whether a prompt that begins so is evaluated from there on.
  bool begins_with(const std::vector<Token>& tokens) const;

  // Evaluates what the next prompts begin with, by several threads together, and gives its state for take_state().
  // Logits of prompts do not depend on either. Throws Error{broken} where llama.cpp fails.
  std::vector<std::uint8_t> evaluate_ahead(const std::vector<Token>& tokens, int threads);

  // Goes on from tokens that another context of the same model and attention has evaluated. Throws Error{broken}.
  void take_state(const std::vector<Token>& tokens, const std::vector<std::uint8_t>& state);

  // The logits of what follows on the prompt, over the vocabulary, until the next call. Throws Error{broken} where
  // llama.cpp fails.
  const float* logits_after(const TokenPrompt& prompt);

  // Calls `use` with the place of each ending and the logits of what follows on the prompt with that ending; they are
  // valid for the length of that call. At most kMostEndings of them, no two of them alike, of 1 to kMostEndingTokens
  // tokens. All are evaluated in one call of llama.cpp, and what endings begin alike once; a recurrent model takes them
  // one by one. For Attention::plain. Throws Error{broken} where llama.cpp fails.
  void logits_after_each(const TokenPrompt& prompt, const std::vector<std::vector<Token>>& endings,
                         const std::function<void(std::size_t, const float*)>& use);

 private:
  void keep(std::size_t tokens);
  void keep_state_of(const TokenPrompt& prompt);
  void hold_state(const std::vector<Token>& state);
  // Where nothing is read, no logits are made.
  enum class Reads { nothing, last };
  void evaluate(int sequence, const std::vector<Token>& tokens, std::size_t from, Reads reads);
  void decode(const llama_batch& batch, std::size_t count);
  static bool on_layer(ggml_tensor* tensor, bool asks, void* context);

  const LlamaModel& model_;
  llama_context* context_ = nullptr;
  bool is_recurrent_ = false;  // wholly or in part
  std::size_t capacity_ = 0;
  std::size_t least_tokens_ = 0;  // in one call; what is missing is filled up
  std::size_t evaluated_ = 0;
  std::size_t under_way_ = 0;  // tokens of the call
  int layers_between_ = 0;     // after so many of them put_through_ grows during the call
  std::atomic<double> put_through_ = 0;
  std::vector<Token> held_;  // of the last prompt, or of the state that is kept
};

// How many tokens two prompts begin alike.
std::size_t shared_tokens(const std::vector<Token>& a, const std::vector<Token>& b);

}  // namespace heretix
