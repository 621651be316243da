// Evaluates many prompts with one model, a thread for each core.
//
// Every thread has a context of its own and evaluates its prompts alone. What all prompts begin with is evaluated once,
// by all cores together, and its state is copied to every context. Sharing each evaluation would make the threads wait
// for each other in every layer, and small prompts are evaluated faster apart.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "models/llama/prompt_context.hpp"
#include "models/provider.hpp"

namespace heretix {

// What is to be done, in pieces that do not depend on each other.
struct PromptWork {
  std::vector<Token> shared{};   // every piece's prompts begin with it; empty: nothing is shared, or it does not pay
  std::vector<double> tokens{};  // of each piece, about how many are evaluated behind `shared`
  std::size_t longest = 0;       // the most tokens that any of them evaluates

  // Does one piece in a thread's context. A long one returns early once `stopped` returns true.
  std::function<void(PromptContext& context, std::size_t piece, const std::function<bool()>& stopped)> piece{};
};

// What all of them begin with, as far as it can be evaluated ahead.
std::vector<Token> shared_by_all(const std::vector<TokenPrompt>& prompts);

enum class GoOn {
  with_all,
  with_begun,  // no other piece is begun
  not_at_all,  // what is begun is dropped too
};

class PromptThreads {
 public:
  // `threads`: 0 is one a core. The model is borrowed.
  PromptThreads(const LlamaModel& model, Attention attention, int threads);

  // Which pieces are done since the last call, and the work of this run so far; all of it is told as work on prompts.
  using Watch = std::function<GoOn(const std::vector<std::size_t>& done, const WorkDone& work)>;

  // Does all pieces, the longest first, and calls `watch` on the calling thread, when some are done and now and then
  // between. Returns the pieces that `watch` was never told of, which are none unless it said so. Throws what pieces,
  // `watch` and PromptContext throw. What a context has evaluated stays known to it from one call to the next.
  std::vector<std::size_t> run(const PromptWork& work, const Watch& watch);

  std::size_t threads() const { return threads_; }

  // How many tokens were put through the model so far.
  std::size_t evaluated() const;

 private:
  class Shift;

  void make_contexts(const PromptWork& work);
  bool is_held(const std::vector<Token>& shared, std::size_t workers) const;
  void take_pieces(const PromptWork& work, std::size_t worker, Shift& shift);
  double put_through() const;

  const LlamaModel& model_;
  Attention attention_;
  std::size_t threads_;
  std::vector<std::unique_ptr<PromptContext>> contexts_;
};

}  // namespace heretix
