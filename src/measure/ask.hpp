// Runs a plan: takes stored answers first and then asks the provider. Every attempt is on disk before it is sent, and
// every answer is on disk before it counts.
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

// Set from a signal handler. The first press stops sending and waits for what is in flight; the second leaves at once.
struct StopSignal {
  std::atomic<int> presses{0};
  const StopSignal* heeded = nullptr;  // another one, whose presses count here too
  bool stopping() const { return presses.load() > 0 || (heeded != nullptr && heeded->stopping()); }
  bool leaving() const { return presses.load() > 1 || (heeded != nullptr && heeded->leaving()); }
};

struct AskProgress {
  std::size_t questions = 0;
  std::size_t answered = 0;    // questions with an answer that counts
  std::size_t from_store = 0;  // of `answered`
  std::size_t refused = 0;     // of `answered`, not usable
  std::size_t retries = 0;
  std::size_t attempts = 0;  // sent by this execution
  Usd billed;
  Usd may_be_billed;                // beyond `billed`, at most: attempts with unknown bills, where prices are known
  std::size_t billing_unknown = 0;  // attempts that may have been billed

  // Adds how far another check has come.
  AskProgress& operator+=(const AskProgress& other) {
    questions += other.questions;
    answered += other.answered;
    from_store += other.from_store;
    refused += other.refused;
    retries += other.retries;
    attempts += other.attempts;
    billed += other.billed;
    may_be_billed += other.may_be_billed;
    billing_unknown += other.billing_unknown;
    return *this;
  }
};

// Called after each commit, by one thread at a time. `answers[i]` belongs to question i of the plan.
class AskObserver {
 public:
  virtual ~AskObserver() = default;
  virtual void on_progress(const AskProgress& progress, const std::vector<std::optional<Answer>>& answers) = 0;
  virtual void on_wait(const std::string& why) = 0;  // such as a rate limit or another process
  // A check ends without all of its answers. Called once, before the error is thrown, which says in addition what is
  // kept of this check; `why` does not.
  virtual void on_incomplete(const std::string& /*why*/, const AskProgress& /*progress*/) {}

  // What the time left follows from. The numbers are those of `asked`, whose questions are parts where an answer is
  // read off the model. First which questions will be asked; then that one is about to be sent, and that its reply or
  // failure is stored; one that is not over will be sent again. A model in this process tells its work too.
  virtual void on_open(const Plan& /*asked*/, const std::vector<std::size_t>& /*questions*/) {}
  virtual void on_sent(const Plan& /*asked*/, std::size_t /*question*/) {}
  virtual void on_came(std::size_t /*question*/, bool /*is_over*/) {}
  virtual void on_work(const WorkDone& /*work*/) {}
};

struct AskOptions {
  int attempts = 3;             // for one question, counting the second try after an unusable answer
  bool resend_unknown = false;  // also ask again what was sent twice without a known outcome
  Budget* budget = nullptr;     // borrowed; null: no cap
  bool probes_limit = false;    // the first answer shows whether the output limit fits: AskEnd::limit_too_small
  bool in_batch = false;        // uses the batch API: hands over, or fetches an earlier batch
};

enum class AskEnd { complete, stopped, failed, refused, limit_too_small };

struct AskOutcome {
  AskEnd end = AskEnd::complete;
  std::vector<std::optional<Answer>> answers;  // by question; empty where none came
  AskProgress progress;
  std::size_t first_answers = 0;           // questions whose first answer is known
  std::size_t first_answers_unusable = 0;  // of `first_answers`
  std::vector<std::size_t> in_doubt;       // questions sent twice without a known outcome: not asked again
  std::size_t given_up = 0;                // questions without an answer after all their attempts
  std::optional<ServerRefusal> refusal{};  // why it ended, if heeding it means to ask everything again
  std::optional<Error> failure;            // why it ended, if it failed
};

// Blocks, and runs on one thread. Throws what the store throws; whatever was acknowledged before is not lost.
AskOutcome ask(const Plan& plan, Provider& provider, AnswerStore& store, const Clock& clock, const StopSignal& stop,
               AskObserver& observer, const AskOptions& options = {});

}  // namespace heretix
