// Evaluates many prompts with one model, a thread for each core.
//
// Every thread has a context of its own and evaluates its prompts alone. Threads that share one evaluation would wait
// for each other in every layer, which on a busy machine of two cores took five times longer than one thread alone.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "models/llama/prompt_context.hpp"

namespace heretix {

class PromptThreads {
 public:
  // `threads`: 0 is one a core. The model is borrowed.
  PromptThreads(const LlamaModel& model, Attention attention, int threads);

  // Evaluates one piece of the work in a thread's context. A long one returns early once `stopped` returns true.
  using Work = std::function<void(PromptContext& context, std::size_t piece, const std::function<bool()>& stopped)>;

  // Does pieces 0 to `count` - 1, each once, and returns when all are done. `longest`: the most tokens that any of them
  // evaluates. Returns false if `abandoned` returned true before that; only the calling thread calls it. Throws what
  // `work` and PromptContext throw. What a context has evaluated stays known to it from one call to the next.
  bool each(std::size_t count, std::size_t longest, const Work& work, const std::function<bool()>& abandoned);

  std::size_t threads() const { return threads_; }

  // How many tokens were put through the model so far.
  std::size_t evaluated() const;

 private:
  const LlamaModel& model_;
  Attention attention_;
  std::size_t threads_;
  std::vector<std::unique_ptr<PromptContext>> contexts_;
};

}  // namespace heretix
