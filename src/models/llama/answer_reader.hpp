// Reads answers off a model's token probabilities, where it need not write them: how probable the words True and False
// are (Readout::token), or all the numbers that it might write (Readout::expected).
//
// Each question is evaluated alone by one thread, and the branches of its tree of numbers together. The prefix that all
// questions of a bank share is evaluated once, and its state copied for each thread. So an answer is the same to the
// bit whether its question is asked alone, in company, or resumed (docs/models.md).
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "belief/plan/recipe.hpp"
#include "models/llama/answer_form.hpp"
#include "models/llama/decoder.hpp"
#include "models/llama/prompt_threads.hpp"

namespace heretix {

class AnswerReader {
 public:
  // `temperature` divides all logits; above 0. `threads`: 0 is one a core. The model is borrowed.
  AnswerReader(const LlamaModel& model, double temperature, int threads);

  // What was read since the last call, and the work so far.
  using Came = std::function<GoOn(std::vector<Decoded> came, const WorkDone& work)>;

  // Reads the answers to all questions and calls `came` on the calling thread, also when nothing came. Returns the
  // questions that it was never told of, by their place, which are none unless it said so. `readout` is token or
  // expected; the seed and the token limit of a question have no part in it. Throws what PromptContext and `came`
  // throw.
  std::vector<std::size_t> read(Readout readout, const std::string& system, const std::vector<Wanted>& wanted,
                                const Came& came);

  // So far: tokens that were put through the model, and branches of trees of numbers that were evaluated.
  std::size_t evaluated() const { return threads_.evaluated(); }
  std::size_t branches() const { return branches_; }

 private:
  TokenPrompt prompt(const std::string& system, const std::string& user, const std::vector<Token>& opening) const;
  std::string first_token_probabilities(const float* logits) const;
  void read_numbers(PromptContext& context, const TokenPrompt& prompt, const std::function<bool()>& stopped,
                    Decoded& answer);

  const LlamaModel& model_;
  double temperature_;
  PromptThreads threads_;
  std::vector<Token> words_;  // that begin True or False
  std::atomic<std::size_t> branches_ = 0;
};

}  // namespace heretix
