// Measures the questions of System One's requests in the time that a client waits.
//
// Each question is measured by its own wordings, four at a time, and never in the company of others, so that ids, order
// and company change no answer. Whoever asks waits until every question rests on all wordings, or the time is up. What
// was answered is stored, and the next request for the same question goes on from there; requests for a question that
// is being measured wait for the same measurement.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "belief/decide/decision_answer.hpp"
#include "belief/decide/decision_plan.hpp"
#include "belief/decide/decision_request.hpp"
#include "belief/prompt/banks.hpp"
#include "measure/ask.hpp"
#include "measure/run_store.hpp"
#include "models/provider.hpp"
#include "store/database.hpp"
#include "store/pool.hpp"

namespace heretix {

class CheckSet;
class SharedProvider;

struct DeskOptions {
  std::chrono::milliseconds patience{8'000};  // official clients give up after 10 s
  std::size_t most_wordings = kMostWordings;
  AskOptions ask{};
  std::optional<Usd> most_for_step{};  // that four wordings of a question may cost; empty: only what `ask` says
  std::size_t most_kept = 20'000;      // questions that nobody waits for and whose answers are kept in memory
};

// All of it is borrowed.
struct DeskPorts {
  Provider& provider;
  const PromptBanks& banks;
  Database& database;  // a harness file; nobody else uses the connection
  const Clock& clock;

  // In place of `database`, for a store that many connections write at the same time: each step borrows one, and as
  // many steps are made at a time as there are connections.
  DatabasePool* connections = nullptr;
  std::size_t most_connections = 0;  // that it lends
  // The executions in that store; left out: those of a harness file.
  std::function<std::unique_ptr<RunStore>(Database&)> open_runs = [](Database& store) {
    return std::make_unique<RunStore>(store);
  };
  // Told before anything is asked for a question which execution will measure it, and which stored one answers it
  // (`is_new` is false). `key` is that of the question (decision_key()).
  std::function<void(const std::string& key, const ExecutionId& execution_id, bool is_new)> on_execution{};
};

class DecisionDesk {
 public:
  // Throws Error{bad_input} for a model that can be read in no way, and for most_wordings that are not 4, 8, 12 or 16.
  DecisionDesk(const DeskPorts& ports, const DeskOptions& options);
  ~DecisionDesk();
  DecisionDesk(const DecisionDesk&) = delete;
  DecisionDesk& operator=(const DecisionDesk&) = delete;

  const ProviderFacts& facts() const { return facts_; }
  // What all wordings of the question can cost at most, each prompt counted twice because an unusable answer is asked
  // again; empty: no price is known. Thread-safe.
  std::optional<Usd> most_cost(const std::string& state, const DecisionQuestion& question) const;

  struct Answered {
    std::vector<DecisionAnswer> answers{};  // by question; none if one of them is not ready
    bool is_final = false;                  // no later request is answered by more wordings
    std::optional<Error> failure{};         // why one is not ready; empty: it needs more time
    std::chrono::seconds retry_after{1};
  };
  // Blocks for at most the patience. Thread-safe.
  Answered answer(const DecisionRequest& request);

 private:
  struct Work;
  using WorkPointer = std::shared_ptr<Work>;
  using Time = std::chrono::steady_clock::time_point;

  std::vector<WorkPointer> join(const DecisionRequest& request, Time deadline);
  bool is_over(const Work& work, Time now) const;
  std::chrono::duration<double> time_of_step(const Work& work) const;
  std::chrono::seconds time_until_ready(const std::vector<WorkPointer>& works) const;
  bool may_go_on(const Work& work, Time now) const;
  WorkPointer next_work();
  void forget_idle();

  void keep_measuring(const std::stop_token& stop);
  // What a step made, to be published once it is on disk.
  struct Made {
    std::optional<DecisionAnswer> answer{};  // empty: there is none yet
    std::size_t asked = 0;
    std::optional<Error> failure{};
  };
  Made made_of(const Work& work, SharedProvider& shared, CheckSet& set) const;
  Made step(const Work& work, Provider& provider, Database& database) const;
  Made look_up(const Work& work, Provider& provider, Database& database) const;
  Made step_of_noul(const Work& work, std::size_t wordings, Provider& provider, Database& database) const;
  Made step_of_options(const Work& work, std::size_t wordings, Provider& provider, Database& database) const;
  void publish(Work& work, Made made, std::chrono::duration<double> took);

  void tell_execution(const Work& work, const ExecutionId& execution_id, bool is_new) const;
  PromptBank noul_bank(const std::string& state, const DecisionQuestion& question) const;
  OptionAsked option_asked(const ProviderFacts& facts) const;
  PromptBank option_bank() const;

  DeskPorts ports_;
  DeskOptions options_;
  std::unique_ptr<Provider> stated_;  // where the model does not state probabilities by itself
  Provider& provider_;
  ProviderFacts facts_;
  OptionMethod method_ = OptionMethod::statements;
  std::string letter_form_;
  StopSignal stop_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, WorkPointer> works_;  // by key
  std::uint64_t arrived_ = 0;
  double seconds_for_each_unit_ = 0;  // of Work::size, as steps took lately; 0: none was made yet
  std::jthread thread_;               // last: it uses all of the above
};

}  // namespace heretix
