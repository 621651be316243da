// Runs a plan: stored answers first, then the provider, every attempt on disk before it is sent and every answer
// on disk before it counts.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "belief/answer/tally.hpp"
#include "measure/answer_store.hpp"
#include "measure/budget.hpp"
#include "models/provider.hpp"

namespace heretix {

// Set from a signal handler: the first press stops sending and waits for what is in flight, the second leaves.
struct StopSignal {
  std::atomic<int> presses{0};
  bool stopping() const { return presses.load() > 0; }
  bool leaving() const { return presses.load() > 1; }
};

struct AskProgress {
  std::size_t questions = 0;
  std::size_t answered = 0;    // with an answer that counts
  std::size_t from_store = 0;  // of them
  std::size_t refused = 0;     // of them, not usable
  std::size_t retries = 0;
  std::size_t attempts = 0;  // sent by this execution
  Usd billed;
  Usd may_be_billed;                // at most, beside it: attempts whose bill is unknown, as far as prices are known
  std::size_t billing_unknown = 0;  // attempts that may have been billed
};

// Told after each commit. `answers[i]` belongs to the plan's question i.
class AskObserver {
 public:
  virtual ~AskObserver() = default;
  virtual void on_progress(const AskProgress& progress, const std::vector<std::optional<Answer>>& answers) = 0;
  virtual void on_wait(const std::string& why) = 0;  // a rate limit, another process
};

struct AskOptions {
  int attempts = 3;             // of one question, the second asking of an unusable answer included
  bool resend_unknown = false;  // ask again also what was sent twice with no outcome seen
  Budget* budget = nullptr;     // borrowed; null: no cap
  bool probes_limit = false;    // the first answer shows whether the output limit fits: AskEnd::limit_too_small
  bool in_batch = false;        // by the provider's batch API: hands over, or fetches what was handed over before
};

enum class AskEnd { complete, stopped, failed, refused, limit_too_small };

struct AskOutcome {
  AskEnd end = AskEnd::complete;
  std::vector<std::optional<Answer>> answers;  // by question; empty where none came
  AskProgress progress;
  std::size_t first_answers = 0;           // questions whose first answer is known
  std::size_t first_answers_unusable = 0;  // of them
  std::vector<std::size_t> in_doubt;       // questions not asked again: sent twice, outcome never seen
  std::size_t given_up = 0;                // questions without an answer after all their attempts
  std::optional<ServerRefusal> refusal{};  // why it ended, where it is to be heeded and all asked again
  std::optional<Error> failure;            // why it ended, where it failed
};

// Throws what the store throws; then nothing that was acknowledged is lost. Blocks; one thread.
AskOutcome ask(const Plan& plan, Provider& provider, AnswerStore& store, const Clock& clock, const StopSignal& stop,
               AskObserver& observer, const AskOptions& options = {});

}  // namespace heretix
