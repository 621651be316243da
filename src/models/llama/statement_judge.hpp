// Judges many statements with one model, a thread for each core.
#pragma once

#include <functional>
#include <vector>

#include "models/llama/decision_form.hpp"
#include "models/llama/prompt_threads.hpp"

namespace heretix {

struct Judged {
  double noul = 0;  // the probability that the statement is true
  double mass = 0;  // DecisionForm::mass()
  double latency_ms = 0;
};

class StatementJudge {
 public:
  // `threads`: 0 is one a core. Model and form are borrowed.
  StatementJudge(const LlamaModel& model, const DecisionForm& form, int threads)
      : form_(form), threads_(model, form.attention(), threads) {}

  // The results by prompt; empty if `abandoned` returned true first. Only the calling thread calls it. Numbers are the
  // same to the bit in any order, in any company and with any number of threads. Throws what PromptContext and
  // DecisionForm throw.
  std::vector<Judged> judge(const std::vector<TokenPrompt>& prompts, double temperature,
                            const std::function<bool()>& abandoned);

  // How many tokens were put through the model so far.
  std::size_t evaluated() const { return threads_.evaluated(); }

 private:
  const DecisionForm& form_;
  PromptThreads threads_;  // kept from one claim to the next: the state stays evaluated
};

}  // namespace heretix
