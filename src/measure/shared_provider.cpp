#include "measure/shared_provider.hpp"

#include <algorithm>
#include <utility>

#include "models/batch_api.hpp"

namespace heretix {
namespace {

using namespace std::chrono_literals;

constexpr auto kLookForMore = 20ms;  // whether another check has joined

// Whether what is put around a question is the same in both plans.
bool are_asked_alike(const Plan& a, const Plan& b) {
  return a.system_text == b.system_text && a.recipe.mode.recipe_text() == b.recipe.mode.recipe_text() &&
         a.recipe.sampling.max_output_tokens == b.recipe.sampling.max_output_tokens;
}

bool is_same(const ServerRefusal& a, const ServerRefusal& b) {
  return a.parameter == b.parameter && a.value == b.value && a.sent_with == b.sent_with;
}

// Takes the baton for every call of a provider that answers without it.
class WithBaton final : public Exchange {
 public:
  WithBaton(Exchange& exchange, const SharedByChecks& shared) : exchange_(exchange), shared_(shared) {}

  Taken turn(std::vector<Delivery> deliveries, std::size_t most) override {
    const HoldsBaton holds(shared_.baton);
    Taken taken = exchange_.turn(std::move(deliveries), most);
    shared_.stores.wait();
    return taken;
  }
  void tell_wait(const std::string& why) override {
    const HoldsBaton holds(shared_.baton);
    exchange_.tell_wait(why);
  }
  void tell_work(const WorkDone& work) override {
    const HoldsBaton holds(shared_.baton);
    exchange_.tell_work(work);
  }
  bool abandoned() const override { return shared_.stop.leaving(); }

 private:
  Exchange& exchange_;
  SharedByChecks shared_;
};

}  // namespace

class SharedProvider::ForOneCheck final : public Provider {
 public:
  explicit ForOneCheck(SharedProvider& shared) : shared_(shared), facts_(shared.facts_), heeded_(shared.heeded_) {}

  const ProviderFacts& facts() const override { return facts_; }
  void answer(const Plan& plan, Exchange& exchange) override { shared_.answer(plan, exchange); }

  // What another check has made the provider heed since then counts for this one too.
  bool heed(const ServerRefusal& refusal) override {
    if (heeded_ == shared_.heeded_ && !shared_.heed(refusal)) return false;
    heeded_ = shared_.heeded_;
    facts_ = shared_.facts_;
    return true;
  }
  std::string why_not(Readout readout) const override { return shared_.real_.why_not(readout); }
  std::size_t most_together() const override { return shared_.real_.most_together(); }
  std::unique_ptr<BatchApi> batch_api() override { return shared_.real_.batch_api(); }
  RetryAllowance& retry_allowance() override { return shared_.real_.retry_allowance(); }

 private:
  SharedProvider& shared_;
  ProviderFacts facts_;
  long heeded_;
};

class SharedProvider::JointExchange final : public Exchange {
 public:
  explicit JointExchange(SharedProvider& shared) : shared_(shared) {}

  Taken turn(std::vector<Delivery> deliveries, std::size_t most) override {
    const HoldsBaton holds(shared_.shared_.baton);
    Taken taken = shared_.turn(std::move(deliveries), most);
    shared_.shared_.stores.wait();
    return taken;
  }
  void tell_wait(const std::string& why) override {
    const HoldsBaton holds(shared_.shared_.baton);
    if (!shared_.parties_.empty()) shared_.parties_.front()->exchange->tell_wait(why);
  }
  bool abandoned() const override { return shared_.shared_.stop.leaving(); }

 private:
  SharedProvider& shared_;
};

SharedProvider::SharedProvider(Provider& provider, const SharedByChecks& shared)
    : real_(provider),
      facts_(provider.facts()),
      shared_(shared),
      thread_([this](const std::stop_token& stop) { keep_answering(stop); }) {}

SharedProvider::~SharedProvider() {
  thread_.request_stop();
  const HoldsBaton holds(shared_.baton);
  changed_.notify_all();
}

std::unique_ptr<Provider> SharedProvider::for_one_check() { return std::make_unique<ForOneCheck>(*this); }

// Statements that share a request belong to one claim, so their plan is asked alone.
void SharedProvider::answer(const Plan& plan, Exchange& exchange) {
  real_.require_sendable(plan);
  if (real_.company() == Company::joined && plan.recipe.mode.value("together").empty()) answer_joined(plan, exchange);
  else answer_in_turn(plan, exchange);
}

// Without the baton, while nobody else asks it. Returns what it threw.
std::exception_ptr SharedProvider::ask_real(const Plan& plan, Exchange& exchange) {
  is_busy_ = true;
  std::exception_ptr failure;
  try {
    const WithoutBaton without(shared_.baton);
    real_.answer(plan, exchange);
  } catch (...) { failure = std::current_exception(); }
  facts_ = real_.facts();
  is_busy_ = false;
  changed_.notify_all();
  return failure;
}

void SharedProvider::answer_in_turn(const Plan& plan, Exchange& exchange) {
  shared_.baton.wait(changed_, [&] { return !is_busy_ && !is_held_off_; });
  WithBaton with_baton(exchange, shared_);
  if (const auto failure = ask_real(plan, with_baton)) std::rethrow_exception(failure);
}

void SharedProvider::answer_joined(const Plan& plan, Exchange& exchange) {
  Party party{.plan = &plan, .exchange = &exchange};
  parties_.push_back(&party);
  changed_.notify_all();
  shared_.baton.wait(party.over, [&] { return party.is_over; });
  if (party.failure) std::rethrow_exception(party.failure);
}

// What is in flight was sent as before, so nothing changes until it has come. Checks that were planned before end like
// the one whose question was refused, and are planned anew.
bool SharedProvider::heed(const ServerRefusal& refusal) {
  const auto is_this = [&](const ServerRefusal& known) { return is_same(known, refusal); };
  if (std::ranges::any_of(not_heeded_, is_this)) return false;

  const long heeded = heeded_;
  shared_.baton.wait(changed_, [&] { return !is_held_off_; });
  if (heeded_ != heeded) return true;  // for another check, meanwhile
  is_held_off_ = true;
  shared_.baton.wait(changed_, [&] { return !is_busy_; });

  const bool changes = real_.heed(refusal);
  facts_ = real_.facts();
  if (changes) {
    ++heeded_;
    not_heeded_.clear();
    for (Party* party : parties_) party->exchange->on_refused_elsewhere(refusal);
  } else {
    not_heeded_.push_back(refusal);
  }
  is_held_off_ = false;
  changed_.notify_all();
  return changes;
}

void SharedProvider::keep_answering(const std::stop_token& stop) {
  const HoldsBaton holds(shared_.baton);
  while (!stop.stop_requested()) {
    shared_.baton.wait(changed_,
                       [&] { return stop.stop_requested() || (!parties_.empty() && !is_busy_ && !is_held_off_); });
    if (!stop.stop_requested()) answer_those_alike();
  }
}

bool SharedProvider::may_join(const Party& party) const { return are_asked_alike(*party.plan, joint_); }

// Asks for the earliest party, and for all that join meanwhile and are asked alike.
void SharedProvider::answer_those_alike() {
  joint_ = Plan{};
  joint_.recipe = parties_.front()->plan->recipe;
  joint_.system_text = parties_.front()->plan->system_text;
  const std::size_t places = 2 * real_.most_at_once() + 1;
  joint_.questions.assign(places, Question{});
  places_.assign(places, Place{});
  free_.clear();
  left_.clear();
  for (std::size_t place = places; place > 0; --place) free_.push_back(place - 1);

  JointExchange exchange(*this);
  const std::exception_ptr failure = ask_real(joint_, exchange);

  // It returns early where it was abandoned, or failed.
  const bool ends_all = failure || shared_.stop.leaving();
  const std::deque<Party*> left = parties_;
  for (Party* party : left) {
    if (ends_all && may_join(*party)) end(*party, failure);
  }
}

void SharedProvider::end(Party& party, std::exception_ptr failure) {
  std::erase(parties_, &party);
  party.failure = std::move(failure);
  party.is_over = true;
  party.over.notify_one();
}

Taken SharedProvider::turn(std::vector<Delivery> deliveries, std::size_t most) {
  // What comes now is still in its place until the next turn, because the provider may look at it once more.
  free_.insert(free_.end(), left_.begin(), left_.end());
  left_.clear();
  for (Delivery& delivery : deliveries) {
    const Place place = std::exchange(places_[delivery.question], Place{});
    left_.push_back(delivery.question);
    place.party->came.push_back({place.question, std::move(delivery.outcome)});
  }

  Taken taken;
  std::size_t room = is_held_off_ ? 0 : std::min(most, free_.size());
  const std::deque<Party*> now = parties_;
  for (Party* party : now) {
    if (may_join(*party)) turn_of(*party, room, taken);
  }

  const auto may_go_on = [&](const Party* party) { return may_join(*party) && !party->has_ended; };
  taken.ended = std::ranges::none_of(parties_, may_go_on);
  if (is_held_off_ || taken.ended) {
    taken.again_at.reset();
  } else {
    const auto look = std::chrono::steady_clock::now() + kLookForMore;
    taken.again_at = std::min(taken.again_at.value_or(look), look);
  }
  return taken;
}

void SharedProvider::turn_of(Party& party, std::size_t& room, Taken& taken) {
  // Whether it has more questions is seen when there is room for them.
  if (party.came.empty() && room == 0 && !shared_.stop.stopping()) return;

  party.in_flight -= party.came.size();
  const Taken own = party.exchange->turn(std::exchange(party.came, {}), room);
  put_in_place(party, own.requests, taken);
  room -= own.requests.size();

  party.has_ended = own.ended;
  const bool may_go_on = own.again_at && !own.ended;
  if (party.in_flight == 0 && !may_go_on) return end(party);
  if (may_go_on) taken.again_at = std::min(taken.again_at.value_or(*own.again_at), *own.again_at);
}

void SharedProvider::put_in_place(Party& party, const std::vector<Request>& requests, Taken& taken) {
  for (const Request& request : requests) {
    const std::size_t place = free_.back();
    free_.pop_back();
    places_[place] = {&party, request.question};
    joint_.questions[place] = party.plan->questions[request.question];

    Request placed = request;
    placed.question = place;
    placed.origin = party.plan;
    taken.requests.push_back(placed);
  }
  party.in_flight += requests.size();
}

}  // namespace heretix
