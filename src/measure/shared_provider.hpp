// One provider that many checks of a set ask at the same time.
//
// Each check sees a Provider of its own, whose answer() blocks as every provider's does. Behind them stands the real
// one. Where it takes questions of several plans together (Company::joined), a thread of its own asks it by a joint
// plan: its questions are places, into which questions of the checks are put as the provider takes them, those of
// earlier checks first. Otherwise the checks are answered one after the other.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "measure/ask.hpp"
#include "models/provider.hpp"
#include "store/shared_connection.hpp"

namespace heretix {

// What a set of checks shares. All of it is borrowed.
struct SharedByChecks {
  Baton& baton;
  SharedStores& stores;
  const StopSignal& stop;
};

class SharedProvider {
 public:
  // `provider` is borrowed. As long as this object lives, nobody else may ask it.
  SharedProvider(Provider& provider, const SharedByChecks& shared);
  ~SharedProvider();  // call it without the baton, when no check asks any more
  SharedProvider(const SharedProvider&) = delete;
  SharedProvider& operator=(const SharedProvider&) = delete;

  // A Provider for one check. All of it is called with the baton held; answer() gives the baton up while it waits. Its
  // facts stay as they were when it was made, until it heeds a refusal.
  std::unique_ptr<Provider> for_one_check();

 private:
  class ForOneCheck;
  class JointExchange;

  // A plan that is being asked.
  struct Party {
    const Plan* plan = nullptr;
    Exchange* exchange = nullptr;
    std::size_t in_flight = 0;
    bool has_ended = false;  // it sends nothing more, and waits for what is in flight
    bool is_over = false;
    std::condition_variable over{};  // of its own, so that the end of one check wakes no other
    std::exception_ptr failure{};
    std::vector<Delivery> came{};  // in this turn
  };

  // Where a question of the joint plan comes from.
  struct Place {
    Party* party = nullptr;  // null: the place is free
    std::size_t question = 0;
  };

  std::exception_ptr ask_real(const Plan& plan, Exchange& exchange);
  void answer(const Plan& plan, Exchange& exchange);
  void answer_in_turn(const Plan& plan, Exchange& exchange);
  void answer_joined(const Plan& plan, Exchange& exchange);
  bool heed(const ServerRefusal& refusal);

  void keep_answering(const std::stop_token& stop);
  void answer_those_alike();
  void end(Party& party, std::exception_ptr failure = nullptr);
  Taken turn(std::vector<Delivery> deliveries, std::size_t most);
  void turn_of(Party& party, std::size_t& room, Taken& taken);
  void put_in_place(Party& party, const std::vector<Request>& requests, Taken& taken);
  bool may_join(const Party& party) const;

  Provider& real_;
  ProviderFacts facts_;  // of the real one, which may state them anew while it answers
  SharedByChecks shared_;
  std::condition_variable changed_;
  bool is_busy_ = false;      // the real provider answers
  bool is_held_off_ = false;  // nobody may begin, because what is sent is about to change

  std::deque<Party*> parties_;  // that wait or are asked jointly, the earliest first
  Plan joint_;
  std::vector<Place> places_;
  std::vector<std::size_t> free_;
  std::vector<std::size_t> left_;  // places that are free from the next turn on

  // What the real provider heeded, one after the other, and what it did not since the last of them.
  long heeded_ = 0;
  std::vector<ServerRefusal> not_heeded_;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace heretix
