// One run's questions on their way: which wait, which are in flight, which are answered.
#pragma once

#include <deque>
#include <map>

#include "ask/ask.hpp"

namespace heretix {

class Asking final : public Exchange {
 public:
  Asking(const Plan& plan, const ProviderFacts& facts, AnswerStore& store, const Clock& clock, const StopSignal& stop,
         AskObserver& observer, const AskOptions& options);

  void read_stored();
  bool has_open_questions() const;
  AskOutcome finish();

  Taken take(std::size_t most) override;
  void deliver(std::vector<Delivery> deliveries) override;
  bool abandoned() const override { return stop_.leaving() || failure_.has_value(); }

 private:
  struct Waiting {
    std::size_t question;
    std::chrono::steady_clock::time_point not_before;
  };
  struct State {
    std::optional<Answer> first;  // unusable, its second try to come
    bool first_was_unusable = false;
    int attempts = 0;  // recorded, over all executions
    int unknown = 0;
    int tries = 0;  // of this execution that ended in a failure that cost nothing
  };

  bool may_send_again(const State& state) const;
  void enqueue(std::size_t question, const History& known);
  std::optional<Request> next_due(std::chrono::steady_clock::time_point now);
  bool settled_by_another(std::size_t question);
  void settle(std::size_t question, const Answer& answer);
  void on_reply(std::size_t question, const Reply& reply);
  void on_failure(std::size_t question, const Failure& failure);
  void retry(std::size_t question, const Failure& failure);
  Answer judged(std::size_t question, const Reply& reply) const;
  void tell();

  const Plan& plan_;
  const ProviderFacts& facts_;
  AnswerStore& store_;
  const Clock& clock_;
  const StopSignal& stop_;
  AskObserver& observer_;
  AskOptions options_;

  std::deque<Waiting> waiting_;
  std::map<std::size_t, int> in_flight_;  // question to the number of its attempt
  std::vector<State> states_;
  std::vector<Delivery> held_back_;  // only by a planted bug
  std::optional<Error> failure_;
  AskOutcome outcome_;
};

}  // namespace heretix
