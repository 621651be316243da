// Judges many statements with one model, a thread for each core.
//
// Every thread has a context of its own and evaluates its prompts alone. Threads that share one evaluation would wait
// for each other in every layer, which on a busy machine of two cores took five times longer than one thread alone.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "models/llama/decision_form.hpp"
#include "models/llama/statement_context.hpp"

namespace heretix {

struct Judged {
  double noul = 0;  // the probability that the statement is true
  double latency_ms = 0;
};

class StatementJudge {
 public:
  // `threads`: 0 is one a core. Model and form are borrowed.
  StatementJudge(const LlamaModel& model, const DecisionForm& form, int threads);

  // The results by prompt; empty if `abandoned` returned true first. Only the calling thread calls it. Numbers are the
  // same to the bit in any order, in any company and with any number of threads. Throws what StatementContext and
  // DecisionForm throw.
  std::vector<Judged> judge(const std::vector<StatementPrompt>& prompts, double temperature,
                            const std::function<bool()>& abandoned);

  // How many tokens were put through the model so far.
  std::size_t evaluated() const;

 private:
  void make_room(const std::vector<StatementPrompt>& prompts);

  const LlamaModel& model_;
  const DecisionForm& form_;
  std::size_t threads_;
  std::vector<std::unique_ptr<StatementContext>>
      contexts_;  // kept from one claim to the next: the state stays evaluated
};

}  // namespace heretix
