// Judges many statements with one model, a thread for each core.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "belief/readout/letters.hpp"
#include "models/llama/decision_form.hpp"
#include "models/llama/prompt_threads.hpp"

namespace heretix {

struct Judged {
  double noul = 0;  // the probability that the statement is true
  double mass = 0;  // DecisionForm::mass()
  double latency_ms = 0;
  std::vector<double> letters{};  // where letters are read instead, which is their `mass` then
};

class StatementJudge {
 public:
  // `threads`: 0 is one a core. Model and form are borrowed.
  StatementJudge(const LlamaModel& model, const DecisionForm& form, int threads)
      : form_(form), threads_(model, form.attention(), threads) {}

  // Which prompts were judged since the last call, with their results, and the work so far.
  using Came = std::function<GoOn(const std::vector<std::pair<std::size_t, Judged>>& came, const WorkDone& work)>;

  // Judges all prompts and calls `came` on the calling thread, also when nothing came. Returns the prompts that it was
  // never told of, which are none unless it said so. Numbers are the same to the bit in any order, in any company and
  // with any number of threads. Throws what PromptContext, DecisionForm and `came` throw.
  std::vector<std::size_t> judge(const std::vector<TokenPrompt>& prompts, double temperature, const Came& came);

  // The same for prompts whose answers are read in another way. `read` is called by several threads at once.
  using Read = std::function<Judged(const float* logits)>;
  std::vector<std::size_t> judge(const std::vector<TokenPrompt>& prompts, const Read& read, const Came& came);

  // How many tokens were put through the model so far.
  std::size_t evaluated() const { return threads_.evaluated(); }

 private:
  const DecisionForm& form_;
  PromptThreads threads_;  // kept from one claim to the next: the state stays evaluated
};

}  // namespace heretix
