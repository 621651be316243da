#include "measure/asking.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/money.hpp"
#include "base/text.hpp"
#include "belief/readout/parts.hpp"
#include "belief/readout/reply_fault.hpp"
#include "measure/batches.hpp"
#include "store/sqlite/planted_bugs.hpp"

namespace heretix {
namespace {

using namespace std::chrono_literals;

constexpr auto kFirstBackoff = 500ms;
constexpr auto kLongestBackoff = 20s;
constexpr auto kOtherProcessPoll = 100ms;
constexpr auto kProbePoll = 1s;  // while the first answer is awaited; its delivery ends the wait earlier
constexpr long kNotKnown = -1;   // another process asks it and may die without notice, so it is looked up each turn
constexpr const char* kGoOn =
    "the answers so far are kept; run the same command again and it asks only for what is missing";

std::optional<Reason> reason_of(Ending ending) {
  switch (ending) {
    case Ending::complete: return std::nullopt;
    case Ending::length: return Reason::length_stop;
    case Ending::refused: return Reason::provider_refusal;
    case Ending::filtered: return Reason::content_filter;
    case Ending::tool_use: return Reason::tool_use;
    case Ending::unknown:
    case Ending::failed:
    case Ending::disabled: return Reason::unknown_finish;  // the last two never come as replies
  }
  return std::nullopt;
}

std::int64_t midnight_before(std::chrono::system_clock::time_point now) {
  return unix_micros(std::chrono::floor<std::chrono::days>(now));
}

}  // namespace

Asking::Asking(const Plan& plan, Provider& provider, AnswerStore& store, const Clock& clock, const StopSignal& stop,
               AskObserver& observer, const AskOptions& options)
    : plan_(plan),
      provider_(provider),
      store_(store),
      clock_(clock),
      stop_(stop),
      observer_(observer),
      options_(options),
      states_(plan.questions.size()) {
  outcome_.answers.resize(plan.questions.size());
  outcome_.progress.questions = plan.questions.size();
}

// A question that costs nothing may be sent as often as it takes. One that may have been billed is sent once more.
bool Asking::may_send_again(const State& state) const {
  return is_free() || options_.resend_unknown || state.unknown < kMostUnknown;
}

void Asking::enqueue(std::size_t question, const History& known) {
  State& state = states_[question];
  state.first = known.first_answer;
  state.attempts = known.attempts;
  state.unknown = known.unknown;
  state.known_at = known.asked_by ? kNotKnown : store_version_;
  if (known.in_batch) {
    batched_[question] = *known.in_batch;
    return;
  }
  if (may_send_again(state)) waiting_.push_back({question, {}});
  else outcome_.in_doubt.push_back(question);
}

void Asking::read_stored() {
  store_.database().changed_elsewhere();  // changes count from here on
  for (std::size_t i = 0; i < plan_.questions.size(); ++i) {
    History known = store_.history(plan_, plan_.questions[i]);
    const auto& first = known.first_answer ? known.first_answer : known.final_answer;
    states_[i].first_was_unusable = first && !first->verdict.usable();
    if (known.final_answer) {
      ++outcome_.progress.from_store;
      settle(i, *known.final_answer);
    } else if (known.first_answer &&
               !deserves_another_try(known.first_answer->verdict.reason.value_or(Reason::refused))) {
      settle(i, *known.first_answer);  // our own commits never leave this; a file of another writer may
    } else {
      enqueue(i, known);
    }
  }
  require_none_batched();

  // If any answer is usable, the limit fits: what was paid for under it counts, whatever the other answers say.
  const auto& stored = outcome_.answers;
  const auto first = std::ranges::find_if(stored, [](const auto& answer) { return answer.has_value(); });
  const bool one_fits =
      std::ranges::any_of(stored, [](const auto& answer) { return answer && answer->verdict.usable(); });
  awaits_first_answer_ = options_.probes_limit && !one_fits;
  if (first != stored.end()) probe(**first);
  awaits_first_delivery_ = awaits_first_answer_ && !options_.in_batch;

  std::vector<std::size_t> open;
  for (const Waiting& w : waiting_) open.push_back(w.question);
  observer_.on_open(plan_, open);
  tell();
}

// The first answer decides, and one from the store comes before all others. Later answers only count as they are.
void Asking::probe(const Answer& answer) {
  if (awaits_first_answer_ && was_thought_away(answer)) limit_is_too_small_ = true;
  awaits_first_answer_ = false;
}

// A question that is asked outside its batch would be paid for twice.
void Asking::require_none_batched() {
  if (options_.in_batch || batched_.empty()) return;
  fail(ErrorKind::conflict, fmt::format("{} of the questions are in a batch at the provider", batched_.size()),
       "run the same command with --batch to fetch it");
}

bool Asking::has_open_questions() const { return !waiting_.empty() || !batched_.empty(); }

std::vector<std::string> Asking::open_batches() const {
  std::set<std::string> ids;
  for (const auto& [question, id] : batched_) ids.insert(id);
  return {ids.begin(), ids.end()};
}

std::vector<std::size_t> Asking::questions_of(const std::string& batch_id) const {
  std::vector<std::size_t> questions;
  for (const auto& [question, id] : batched_) {
    if (id == batch_id) questions.push_back(question);
  }
  return questions;
}

void Asking::adopt(const std::string& batch_id) {
  for (const std::size_t question : questions_of(batch_id)) {
    const auto most = most_cost(question);
    in_flight_[question] = {states_[question].attempts, most};
    if (options_.budget != nullptr) options_.budget->reserve(most.value_or(Usd()));
    batched_.erase(question);
  }
}

Taken Asking::take_for_batch(const std::string& batch_id, std::size_t most) {
  store_.set_batch(batch_id);
  Taken taken = turn({}, most);
  store_.set_batch("");
  return taken;
}

void Asking::leave_in_batch(const std::string& batch_id) {
  for (const auto& [question, flight] : in_flight_) batched_[question] = batch_id;
  drop_in_flight();
}

// Their outcome is not seen by this process any more, and they stay reserved.
void Asking::drop_in_flight() {
  if (options_.budget != nullptr) options_.budget->stop_waiting_for(in_flight_.size());
  in_flight_.clear();
}

void Asking::end_waiting(const std::string& why) {
  fail(ErrorKind::stopped, why, "run the same command again once it is done, usually within a day, to fetch it");
}

std::optional<Usd> Asking::most_cost(std::size_t question) const {
  return facts().price ? std::optional(most_cost_of(*facts().price, plan_, plan_.questions[question])) : std::nullopt;
}

// First attempts go before retries, because they earn the allowance that retries spend.
std::optional<Asking::Waiting> Asking::next_due(std::chrono::steady_clock::time_point now) {
  const bool allowed = provider_.retry_allowance().has_token();
  const auto due =
      std::ranges::find_if(waiting_, [&](const Waiting& w) { return w.not_before <= now && (!w.is_retry || allowed); });
  if (due == waiting_.end()) return std::nullopt;
  const Waiting next = *due;
  waiting_.erase(due);
  return next;
}

// Runs inside the transaction that would record the attempt, because another process may have asked the same since.
bool Asking::settled_by_another(std::size_t question) {
  const History known = store_.history(plan_, plan_.questions[question]);
  states_[question].attempts = std::max(states_[question].attempts, known.attempts);
  states_[question].known_at = known.asked_by ? kNotKnown : store_version_;
  if (known.final_answer) {
    ++outcome_.progress.from_store;
    settle(question, *known.final_answer);
    settled_elsewhere_.push_back(question);
    return true;
  }
  if (known.in_batch) {
    batched_[question] = *known.in_batch;
    require_none_batched();
    return true;
  }
  if (known.asked_by) {
    observer_.on_wait("another heretix is asking the same question; waiting for its answer");
    waiting_.push_back({question, clock_.steady() + kOtherProcessPoll});
    return true;
  }
  return false;
}

Usd Asking::spent_today() {
  Budget& budget = *options_.budget;
  const Budget::Day day{.store = store_.database().connection(), .begins = midnight_before(clock_.now())};
  if (!budget.today(day)) budget.learn_today(day, store_.committed_since(day.begins));
  return *budget.today(day);
}

// False means that the question goes on waiting for what is in flight to cost less than was reserved, or that the run
// ends.
bool Asking::has_money_for(const Waiting& next, std::optional<Usd> most) {
  if (options_.budget == nullptr || !options_.budget->is_limited()) return true;
  Budget& budget = *options_.budget;
  const Usd today = budget.day_cap() ? spent_today() : Usd();
  if (most && budget.allows(*most, today)) return true;
  waiting_.push_front(next);
  if (budget.in_flight() > 0) return false;
  const bool by_run = budget.cap() && (!most || budget.committed() + *most > *budget.cap());
  const Usd cap = by_run ? *budget.cap() : budget.day_cap().value_or(Usd());
  budget.note(by_run ? Budget::Reached::cap : Budget::Reached::day_cap);
  fail(
      ErrorKind::stopped,
      fmt::format(
          "the budget of {}{} is reached: {} has been spent or may have been billed, and the next question can cost {}",
          to_text(cap), by_run ? "" : " a day", to_text(by_run ? budget.committed() : today),
          to_text(most.value_or(Usd()))),
      "the answers so far are kept; run the same command with a higher budget and it asks only for what is missing");
  return false;
}

Request Asking::send(const Waiting& next, std::optional<Usd> most) {
  State& state = states_[next.question];
  const Request request{.question = next.question, .attempt = ++state.attempts, .answers_before = state.first ? 1 : 0};
  ++state.sent;
  if (next.is_retry) provider_.retry_allowance().spend();
  else if (state.sent == 1) provider_.retry_allowance().on_first_attempt();
  in_flight_[next.question] = {request.attempt, most};
  ++outcome_.progress.attempts;
  if (options_.budget != nullptr) options_.budget->reserve(most.value_or(Usd()));
  if (!planted::records_attempts_after_sending()) {
    store_.record_attempt(plan_.questions[next.question], request.attempt, facts(), most, unix_micros(clock_.now()));
  }
  return request;
}

// Runs inside a transaction.
void Asking::take(std::size_t most, Taken& taken) {
  const auto now = clock_.steady();
  if (store_.database().changed_elsewhere()) {
    ++store_version_;
    if (options_.budget != nullptr) options_.budget->forget_today();
  }
  while (taken.requests.size() < most && !has_ended()) {
    const std::optional<Waiting> next = next_due(now);
    if (!next) break;
    if (states_[next->question].known_at < store_version_ && settled_by_another(next->question)) continue;
    const auto most_money = most_cost(next->question);
    if (!has_money_for(*next, most_money)) break;
    taken.requests.push_back(send(*next, most_money));
  }
}

// Ends the run when nothing is in flight that could still answer and what waits may not be sent again.
void Asking::stop_where_only_retries_wait() {
  if (has_ended() || waiting_.empty() || !in_flight_.empty() || provider_.retry_allowance().has_token()) return;
  if (!std::ranges::all_of(waiting_, &Waiting::is_retry)) return;
  fail(ErrorKind::unavailable,
       fmt::format("too many failures: at most a fifth of the requests may be retries; the last failure: {}",
                   last_failure_),
       kGoOn);
}

Taken Asking::turn(std::vector<Delivery> deliveries, std::size_t most) {
  Taken taken;

  if (planted::stores_after_all_are_done()) {
    std::ranges::move(deliveries, std::back_inserter(held_back_));
    deliveries.clear();
    if (held_back_.size() >= in_flight_.size() && waiting_.empty()) std::swap(deliveries, held_back_);
  }

  // The first question is asked alone, so that an output limit that is too small costs one answer only.
  if (awaits_first_delivery_ && deliveries.empty()) most = holds_back() ? 0 : std::min<std::size_t>(most, 1);

  const auto now = clock_.steady();
  const bool takes =
      most > 0 && !has_ended() && std::ranges::any_of(waiting_, [&](const Waiting& w) { return w.not_before <= now; });
  if (takes || !deliveries.empty()) {
    store_.in_group(plan_, [&] {
      for (const Delivery& d : deliveries) on_delivery(d);
      take(most, taken);
    });
    tell_moves(deliveries, taken);
    tell();
  }

  stop_where_only_retries_wait();
  if (stop_.stopping() && !in_flight_.empty())
    observer_.on_wait("stopping: waiting for the answers in flight; interrupt again to stop at once");

  taken.ended = has_ended();
  if (taken.ended) return taken;

  if (holds_back()) taken.again_at = now + kProbePoll;
  else
    for (const Waiting& w : waiting_) taken.again_at = std::min(taken.again_at.value_or(w.not_before), w.not_before);
  return taken;
}

void Asking::on_delivery(const Delivery& delivery) {
  if (planted::records_attempts_after_sending()) {
    const InFlight& flight = in_flight_.at(delivery.question);
    store_.record_attempt(plan_.questions[delivery.question], flight.attempt, facts(), flight.most,
                          unix_micros(clock_.now()));
  }
  awaits_first_delivery_ = false;
  if (const auto* reply = std::get_if<Reply>(&delivery.outcome)) on_reply(delivery.question, *reply);
  else on_failure(delivery.question, std::get<Failure>(delivery.outcome));
  in_flight_.erase(delivery.question);
}

Answer Asking::judged(std::size_t question, const Reply& reply) const {
  Answer answer;
  answer.cache_key = plan_.questions[question].cache_key;
  answer.attempt = in_flight_.at(question).attempt;
  answer.raw_text = reply.text;

  const Question& asked = plan_.questions[question];
  const bool is_part = asked.is_part;

  // A part is given only a few output tokens (kPartTokens), so it may well end at the limit.
  const bool is_whole = reply.ending == Ending::complete || (is_part && reply.ending == Ending::length);

  if (is_part) answer.logprobs = reply.logprobs;
  if (!is_whole) answer.verdict = {std::nullopt, reason_of(reply.ending)};
  else if (is_part) answer.verdict = read_part(plan_.recipe.readout(), asked, reply.text, reply.logprobs);
  else answer.verdict = read_answer(reply.text, {.claim = plan_.recipe.claim.text});
  // The row keeps the value, as it does for an answer with a link.
  if (reply.leans_on_source && answer.verdict.usable()) answer.verdict.reason = Reason::searched;

  answer.finish = reply.finish;
  answer.model_version = reply.model_version;
  answer.response_id = reply.response_id;
  answer.tokens_in = reply.usage.input;
  answer.tokens_out = reply.usage.output;
  answer.tokens_reasoning = reply.usage.reasoning;
  answer.latency_ms = reply.latency_ms;
  answer.created_at = unix_seconds(clock_.now());
  return answer;
}

void Asking::settle(std::size_t question, const Answer& answer) {
  outcome_.answers[question] = answer;
  states_[question].is_over = true;
  ++outcome_.progress.answered;
  if (!answer.verdict.usable()) ++outcome_.progress.refused;
}

// An empty bill means that the attempt may have cost what was reserved for it.
void Asking::count_bill(std::size_t question, std::optional<Usd> billed) {
  const Usd most = in_flight_.at(question).most.value_or(Usd());
  if (options_.budget != nullptr) options_.budget->settle(most, billed);
  if (billed) {
    outcome_.progress.billed += *billed;
  } else {
    ++outcome_.progress.billing_unknown;
    outcome_.progress.may_be_billed += most;
  }
}

// A usable answer is final. Otherwise the first answer is, once its one retry is over.
void Asking::on_reply(std::size_t question, const Reply& reply) {
  const Question& asked = plan_.questions[question];
  State& state = states_[question];
  Answer answer = judged(question, reply);

  // The answer was paid for, so it is kept before anything else is made of it.
  store_.keep_answer(asked, answer, reply, facts());
  store_.close_attempt(asked, answer.attempt, {AttemptOutcome::Word::answered, reply.billed, ""},
                       unix_micros(clock_.now()));

  count_bill(question, reply.billed);
  probe(answer);

  tell_once(reply.notice);
  if (asked.is_part) tell_fault(asked, reply);
  if (answer.verdict.reason == Reason::unknown_finish)
    tell_once(fmt::format(
        "{} ended an answer with '{}', which this program does not know: such answers are kept but not read",
        facts().model, on_one_line(answer.finish)));

  const bool again = !state.first && !answer.verdict.usable() && deserves_another_try(*answer.verdict.reason);
  if (again) state.first_was_unusable = true;
  if (again && state.sent < options_.attempts) {
    state.first = std::move(answer);
    ++outcome_.progress.retries;
    waiting_.push_back({question, {}});
    return;
  }

  if (!answer.verdict.usable() && state.first) answer = *state.first;
  store_.keep_sample(asked, answer);
  settle(question, answer);
}

void Asking::tell_once(const std::string& notice) {
  if (!notice.empty() && told_.insert(notice).second) observer_.on_wait(notice);
}

// The first reply that was refused stands for all of them: what is wrong with one is wrong with most.
void Asking::tell_fault(const Question& part, const Reply& reply) {
  const std::string fault = fault_of_reply(plan_.recipe.readout(), reply.text, reply.logprobs, part.begun);
  if (fault.empty() || has_told_fault_) return;
  has_told_fault_ = true;
  observer_.on_wait(fmt::format("a reply of {} is refused: {}", facts().model, fault));
}

void Asking::fail(ErrorKind kind, const std::string& what, const std::string& hint) {
  if (!failure_) failure_.emplace(kind, what, hint);  // the first failure is the reason
}

// Waits for the time that the provider named, or else for a random part of a time that doubles with each try, so that
// many clients do not come back at once.
void Asking::retry(std::size_t question, const Failure& failure) {
  State& state = states_[question];
  last_failure_ = failure.message;
  if (state.sent >= options_.attempts) {
    ++outcome_.given_up;
    state.is_over = true;
    return;
  }
  ++outcome_.progress.retries;
  const auto longest = std::min<std::chrono::milliseconds>(kFirstBackoff * (1 << state.sent), kLongestBackoff);
  std::uniform_int_distribution<std::int64_t> part(0, longest.count());
  const auto wait = options_.in_batch ? 0ms : failure.retry_after.value_or(std::chrono::milliseconds(part(random_)));
  if (wait >= 1s && !has_ended())
    observer_.on_wait(
        fmt::format("{}; trying again in {:.0f} s", failure.message, static_cast<double>(wait.count()) / 1000));
  waiting_.push_back({question, clock_.steady() + wait, true});
}

void Asking::on_failure(std::size_t question, const Failure& failure) {
  State& state = states_[question];
  last_failure_ = failure.message;
  const bool in_doubt = failure.kind == ErrorKind::in_doubt;

  // A failure that names no bill cost nothing, unless its request may have been answered.
  std::optional<Usd> bill = failure.billed;
  if (bill)
    bill = Usd::from_micros(bill->micros_above());  // attempts without an answer are kept in whole micro-dollars
  else if (!in_doubt) bill = Usd();

  const AttemptOutcome closed{in_doubt ? AttemptOutcome::Word::in_doubt : AttemptOutcome::Word::failed, bill,
                              failure.message};
  store_.close_attempt(plan_.questions[question], in_flight_.at(question).attempt, closed, unix_micros(clock_.now()));
  count_bill(question, closed.billed);

  if (failure.ends_run) {
    fail(ErrorKind::unavailable, failure.message,
         "check whether it can be reached, then run the same command again; it asks only for what is missing");
  }
  if (failure.parks_run) fail(ErrorKind::stopped, failure.message, failure.hint);

  // A request that may have been billed is repeated once at most, unless --resend-unknown says otherwise.
  if (in_doubt) {
    state.unknown += failure.is_lost ? kMostUnknown : 1;
    if (may_send_again(state)) {
      retry(question, failure);
    } else {
      outcome_.in_doubt.push_back(question);
      state.is_over = true;
    }
  } else if (failure.refusal) {
    outcome_.refusal = failure.refusal;
    last_failure_ = failure.message;
  } else if (failure.kind == ErrorKind::unavailable) {
    retry(question, failure);
  } else {
    fail(
        failure.kind, failure.message,
        failure.hint.empty() ? "the answers so far are kept; fix this, then run the same command again" : failure.hint);
  }
}

// Ends the run as if one of its own questions had been refused.
void Asking::on_refused_elsewhere(const ServerRefusal& refusal) {
  if (has_ended()) return;
  outcome_.refusal = refusal;
  last_failure_ = refusal.message;
}

// Once the commit has made them so.
void Asking::tell_moves(const std::vector<Delivery>& deliveries, const Taken& taken) {
  for (const Delivery& d : deliveries) observer_.on_came(d.question, states_[d.question].is_over);
  for (const std::size_t question : std::exchange(settled_elsewhere_, {})) observer_.on_came(question, true);
  for (const Request& r : taken.requests) observer_.on_sent(plan_, r.question);
}

void Asking::tell() { observer_.on_progress(outcome_.progress, outcome_.answers); }

AskOutcome Asking::finish() {
  drop_in_flight();
  for (std::size_t i = 0; i < plan_.questions.size(); ++i) {
    const std::optional<Answer>& counted = outcome_.answers[i];
    if (!counted) continue;
    ++outcome_.first_answers;
    if (states_[i].first_was_unusable || !counted->verdict.usable()) ++outcome_.first_answers_unusable;
  }

  if (outcome_.given_up > 0) {
    fail(ErrorKind::unavailable,
         fmt::format("{} of {} questions got no answer after {} attempts; the last failure: {}", outcome_.given_up,
                     plan_.questions.size(), options_.attempts, last_failure_),
         kGoOn);
  }

  // A refusal and a limit that is too small come first: the caller may answer them by asking everything again.
  if (outcome_.refusal) {
    outcome_.end = AskEnd::refused;
    outcome_.failure.emplace(ErrorKind::bad_input, last_failure_, "leave that parameter out");
  } else if (limit_is_too_small_ && batched_.empty()) {
    outcome_.end = AskEnd::limit_too_small;
  } else if (failure_) {
    outcome_.end = AskEnd::failed;
    outcome_.failure = failure_;
  } else if (outcome_.progress.answered + outcome_.in_doubt.size() < plan_.questions.size()) {
    outcome_.end = AskEnd::stopped;
  } else if (!outcome_.in_doubt.empty() && !last_failure_.empty()) {
    outcome_.failure.emplace(ErrorKind::in_doubt,
                             fmt::format("{} questions were sent twice, or once in a batch, and no answer arrived; "
                                         "they may have been billed; the last failure: {}",
                                         outcome_.in_doubt.size(), last_failure_),
                             "look at your provider's bill, then run the same command with --resend-unknown");
  }
  return std::move(outcome_);
}

AskOutcome ask(const Plan& plan, Provider& provider, AnswerStore& store, const Clock& clock, const StopSignal& stop,
               AskObserver& observer, const AskOptions& options) {
  Asking asking(plan, provider, store, clock, stop, observer, options);
  asking.read_stored();
  if (asking.has_open_questions()) {
    BatchStore batches(store.database(), store.execution_id(), store.run_id());
    if (options.in_batch) ask_in_batch(asking, plan, provider, batches, clock);
    else provider.answer(plan, asking);
  }
  return asking.finish();
}

}  // namespace heretix
