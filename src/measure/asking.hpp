// The questions of one run: which ones wait, which are in flight and which are answered.
#pragma once

#include <deque>
#include <map>
#include <random>
#include <set>

#include "measure/ask.hpp"
#include "models/batch_api.hpp"

namespace heretix {

class Asking final : public Exchange {
 public:
  Asking(const Plan& plan, Provider& provider, AnswerStore& store, const Clock& clock, const StopSignal& stop,
         AskObserver& observer, const AskOptions& options);

  void read_stored();
  bool has_open_questions() const;
  AskOutcome finish();

  // What is at the provider in batches of this process or of earlier ones.
  std::vector<std::string> open_batches() const;
  std::vector<std::size_t> questions_of(const std::string& batch_id) const;
  std::size_t in_batches() const { return batched_.size(); }
  void adopt(const std::string& batch_id);  // its questions count as in flight until their deliveries follow
  Taken take_for_batch(const std::string& batch_id, std::size_t most);
  void leave_in_batch(const std::string& batch_id);  // what was taken for it stays open when this process ends
  void end_waiting(const std::string& why);          // ends the run; everything is kept

  Taken turn(std::vector<Delivery> deliveries, std::size_t most) override;
  void tell_wait(const std::string& why) override { observer_.on_wait(why); }
  void tell_work(const WorkDone& work) override { observer_.on_work(work); }
  bool abandoned() const override { return stop_.leaving(); }
  void on_refused_elsewhere(const ServerRefusal& refusal) override;

 private:
  struct Waiting {
    std::size_t question;
    std::chrono::steady_clock::time_point not_before;
    bool is_retry = false;  // it follows a failure, so it needs the provider's retry allowance
  };
  struct State {
    std::optional<Answer> first;  // unusable; its second try is to come
    bool first_was_unusable = false;
    int attempts = 0;  // recorded, over all executions
    int unknown = 0;
    int sent = 0;          // by this execution
    bool is_over = false;  // answered, or not to be asked again
    long known_at = 0;     // the store's version when it was last looked up
  };
  struct InFlight {
    int attempt = 0;
    std::optional<Usd> most;  // reserved for it
  };

  const ProviderFacts& facts() const { return provider_.facts(); }
  bool is_free() const { return facts().price && facts().price->is_free(); }
  bool has_ended() const { return stop_.stopping() || failure_ || outcome_.refusal || limit_is_too_small_; }
  void probe(const Answer& answer);
  bool holds_back() const { return awaits_first_delivery_ && !in_flight_.empty(); }
  void require_none_batched();
  void drop_in_flight();
  std::optional<Usd> most_cost(std::size_t question) const;
  Usd spent_today();
  bool may_send_again(const State& state) const;
  void enqueue(std::size_t question, const History& known);
  void take(std::size_t most, Taken& taken);
  std::optional<Waiting> next_due(std::chrono::steady_clock::time_point now);
  bool has_money_for(const Waiting& next, std::optional<Usd> most);
  Request send(const Waiting& next, std::optional<Usd> most);
  void stop_where_only_retries_wait();
  bool settled_by_another(std::size_t question);
  void settle(std::size_t question, const Answer& answer);
  void on_delivery(const Delivery& delivery);
  void on_reply(std::size_t question, const Reply& reply);
  void on_failure(std::size_t question, const Failure& failure);
  void retry(std::size_t question, const Failure& failure);
  void count_bill(std::size_t question, std::optional<Usd> billed);
  Answer judged(std::size_t question, const Reply& reply) const;
  void fail(ErrorKind kind, const std::string& what, const std::string& hint);
  void tell_once(const std::string& notice);
  void tell_fault(const Question& part, const Reply& reply);
  void tell();
  void tell_moves(const std::vector<Delivery>& deliveries, const Taken& taken);

  const Plan& plan_;
  Provider& provider_;
  AnswerStore& store_;
  const Clock& clock_;
  const StopSignal& stop_;
  AskObserver& observer_;
  AskOptions options_;
  std::mt19937 random_{std::random_device{}()};  // for pauses only

  std::deque<Waiting> waiting_;
  std::map<std::size_t, InFlight> in_flight_;
  std::map<std::size_t, std::string> batched_;  // question to its batch at the provider
  std::vector<State> states_;
  // The first question is asked alone, so that a limit that is too small costs one answer only.
  bool awaits_first_delivery_ = false;
  bool awaits_first_answer_ = false;  // which shows whether the limit fits
  bool limit_is_too_small_ = false;
  long store_version_ = 0;                      // grows where another connection wrote
  std::vector<Delivery> held_back_;             // used by a planted bug only
  std::vector<std::size_t> settled_elsewhere_;  // in this turn, by another process
  std::optional<Error> failure_;
  std::string last_failure_;
  std::set<std::string> told_;  // notices already shown; each is shown once a run
  bool has_told_fault_ = false;
  AskOutcome outcome_;
};

class BatchStore;

// Fetches what was handed over to the provider's batch API before, and hands over what is missing
// (measure/batch_asking.cpp).
void ask_in_batch(Asking& asking, const Plan& plan, Provider& provider, BatchStore& batches, const Clock& clock);

}  // namespace heretix
