#include "ask/asking.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "store/sqlite/planted_bugs.hpp"

namespace heretix {
namespace {

using namespace std::chrono_literals;

constexpr auto kFirstBackoff = 250ms;
constexpr auto kLongestBackoff = 20s;
constexpr auto kOtherProcessPoll = 100ms;
constexpr int kMaxUnknown = 2;  // sent twice, outcome never seen: not a third time

std::chrono::milliseconds backoff(int tries) {
  const auto doubled = kFirstBackoff * (1 << std::min(tries, 10));
  return std::min<std::chrono::milliseconds>(doubled, kLongestBackoff);
}

std::optional<Reason> reason_of(Ending ending) {
  switch (ending) {
    case Ending::complete: return std::nullopt;
    case Ending::length: return Reason::length_stop;
    case Ending::refused: return Reason::provider_refusal;
    case Ending::filtered: return Reason::content_filter;
  }
  return std::nullopt;
}

}  // namespace

Asking::Asking(const Plan& plan, const ProviderFacts& facts, AnswerStore& store, const Clock& clock,
               const StopSignal& stop, AskObserver& observer, const AskOptions& options)
    : plan_(plan),
      facts_(facts),
      store_(store),
      clock_(clock),
      stop_(stop),
      observer_(observer),
      options_(options),
      states_(plan.questions.size()) {
  outcome_.answers.resize(plan.questions.size());
  outcome_.progress.questions = plan.questions.size();
}

// A question that costs nothing may be sent as often as it takes; one that may have been billed, once more.
bool Asking::may_send_again(const State& state) const {
  const bool free = facts_.max_cost_per_answer == MicroUsd(0);
  return free || options_.resend_unknown || state.unknown < kMaxUnknown;
}

void Asking::enqueue(std::size_t question, const History& known) {
  State& state = states_[question];
  state.first = known.first_answer;
  state.attempts = known.attempts;
  state.unknown = known.unknown;
  if (may_send_again(state)) waiting_.push_back({question, {}});
  else outcome_.in_doubt.push_back(question);
}

void Asking::read_stored() {
  for (std::size_t i = 0; i < plan_.questions.size(); ++i) {
    History known = store_.history(plan_, plan_.questions[i]);
    const auto& first = known.first_answer ? known.first_answer : known.final_answer;
    states_[i].first_was_unusable = first && !first->verdict.usable();
    if (known.final_answer) {
      ++outcome_.progress.from_store;
      settle(i, *known.final_answer);
    } else if (known.first_answer &&
               !deserves_another_try(known.first_answer->verdict.reason.value_or(Reason::refused))) {
      settle(i, *known.first_answer);  // cannot happen by our own commits; another writer's file may hold it
    } else {
      enqueue(i, known);
    }
  }
  tell();
}

bool Asking::has_open_questions() const { return !waiting_.empty(); }

std::optional<Request> Asking::next_due(std::chrono::steady_clock::time_point now) {
  const auto due = std::ranges::find_if(waiting_, [&](const Waiting& w) { return w.not_before <= now; });
  if (due == waiting_.end()) return std::nullopt;
  const std::size_t question = due->question;
  waiting_.erase(due);
  return Request{.question = question, .attempt = 0};
}

// Inside the transaction that would record the attempt: another process may have asked the same since.
bool Asking::settled_by_another(std::size_t question) {
  const History known = store_.history(plan_, plan_.questions[question]);
  states_[question].attempts = std::max(states_[question].attempts, known.attempts);
  if (known.final_answer) {
    ++outcome_.progress.from_store;
    settle(question, *known.final_answer);
    return true;
  }
  if (known.asked_by) {
    observer_.on_wait("another heretix is asking the same question; waiting for its answer");
    waiting_.push_back({question, clock_.steady() + kOtherProcessPoll});
    return true;
  }
  return false;
}

Taken Asking::take(std::size_t most) {
  Taken taken;
  if (stop_.stopping() && !in_flight_.empty()) {
    observer_.on_wait("stopping: waiting for the answers in flight; interrupt again to leave at once");
  }
  if (stop_.stopping() || failure_) return taken;
  const auto now = clock_.steady();
  const bool any_due = std::ranges::any_of(waiting_, [&](const Waiting& w) { return w.not_before <= now; });
  if (most > 0 && any_due) {
    Transaction transaction(store_.database());
    while (taken.requests.size() < most) {
      std::optional<Request> request = next_due(now);
      if (!request) break;
      if (settled_by_another(request->question)) continue;
      request->attempt = ++states_[request->question].attempts;
      request->answers_before = states_[request->question].first ? 1 : 0;
      in_flight_[request->question] = request->attempt;
      ++outcome_.progress.attempts;
      if (!planted::records_attempts_after_sending()) {
        store_.record_attempt(plan_.questions[request->question], request->attempt, facts_, unix_micros(clock_.now()));
      }
      taken.requests.push_back(*request);
    }
    transaction.commit();
  }
  for (const Waiting& w : waiting_) { taken.again_at = std::min(taken.again_at.value_or(w.not_before), w.not_before); }
  return taken;
}

Answer Asking::judged(std::size_t question, const Reply& reply) const {
  Answer answer;
  answer.cache_key = plan_.questions[question].cache_key;
  answer.attempt = in_flight_.at(question);
  answer.raw_text = reply.text;
  answer.verdict =
      reply.ending == Ending::complete ? read_answer(reply.text) : Verdict{std::nullopt, reason_of(reply.ending)};
  answer.model_version = reply.model_version;
  answer.response_id = reply.response_id;
  answer.tokens_in = reply.tokens_in;
  answer.tokens_out = reply.tokens_out;
  answer.latency_ms = reply.latency_ms;
  answer.created_at = unix_seconds(clock_.now());
  return answer;
}

void Asking::settle(std::size_t question, const Answer& answer) {
  outcome_.answers[question] = answer;
  ++outcome_.progress.answered;
  if (!answer.verdict.usable()) ++outcome_.progress.refused;
}

// The usable answer is final, else the first after its one retry.
void Asking::on_reply(std::size_t question, const Reply& reply) {
  const Question& asked = plan_.questions[question];
  State& state = states_[question];
  Answer answer = judged(question, reply);
  store_.keep_answer(asked, answer, facts_);
  store_.close_attempt(asked, answer.attempt, {AttemptOutcome::Word::answered, reply.billed, ""},
                       unix_micros(clock_.now()));
  if (reply.billed) outcome_.progress.billed += *reply.billed;
  else ++outcome_.progress.billing_unknown;
  if (!state.first && !answer.verdict.usable() && deserves_another_try(*answer.verdict.reason)) {
    state.first_was_unusable = true;
    state.first = std::move(answer);
    ++outcome_.progress.retries;
    waiting_.push_back({question, {}});
    return;
  }
  if (!answer.verdict.usable() && state.first) answer = *state.first;
  store_.keep_sample(asked, answer);
  settle(question, answer);
}

void Asking::retry(std::size_t question, const Failure& failure) {
  State& state = states_[question];
  if (++state.tries >= options_.tries) {
    failure_.emplace(failure.kind,
                     fmt::format("the model gave no answer after {} tries: {}", state.tries, failure.message),
                     "what was answered is kept; the same command asks only for what is missing");
    return;
  }
  ++outcome_.progress.retries;
  const auto wait = std::max(failure.retry_after.value_or(0ms), failure.retry_after ? 0ms : backoff(state.tries - 1));
  if (wait >= 1s)
    observer_.on_wait(
        fmt::format("{}; trying again in {:.0f} s", failure.message, static_cast<double>(wait.count()) / 1000));
  waiting_.push_back({question, clock_.steady() + wait});
}

void Asking::on_failure(std::size_t question, const Failure& failure) {
  const Question& asked = plan_.questions[question];
  State& state = states_[question];
  const bool in_doubt = failure.kind == ErrorKind::in_doubt;
  const AttemptOutcome closed{in_doubt ? AttemptOutcome::Word::in_doubt : AttemptOutcome::Word::failed,
                              in_doubt ? std::nullopt : std::optional(MicroUsd(0)), failure.message};
  store_.close_attempt(asked, in_flight_.at(question), closed, unix_micros(clock_.now()));
  if (in_doubt) {
    ++state.unknown;
    ++outcome_.progress.billing_unknown;
    if (may_send_again(state)) retry(question, failure);
    else outcome_.in_doubt.push_back(question);
  } else if (failure.kind == ErrorKind::unavailable) {
    retry(question, failure);
  } else {
    failure_.emplace(failure.kind, failure.message,
                     "what was answered is kept; mend it, then run the same command again");
  }
}

void Asking::deliver(std::vector<Delivery> deliveries) {
  if (planted::stores_after_all_are_done()) {
    std::ranges::move(deliveries, std::back_inserter(held_back_));
    if (held_back_.size() < in_flight_.size() || !waiting_.empty()) return;
    deliveries = std::move(held_back_);
    held_back_.clear();
  }
  {
    Transaction transaction(store_.database());
    for (const Delivery& d : deliveries) {
      if (planted::records_attempts_after_sending()) {
        store_.record_attempt(plan_.questions[d.question], in_flight_.at(d.question), facts_,
                              unix_micros(clock_.now()));
      }
      if (const auto* reply = std::get_if<Reply>(&d.outcome)) on_reply(d.question, *reply);
      else on_failure(d.question, std::get<Failure>(d.outcome));
    }
    transaction.commit();
  }
  for (const Delivery& d : deliveries) in_flight_.erase(d.question);
  tell();
}

void Asking::tell() { observer_.on_progress(outcome_.progress, outcome_.answers); }

AskOutcome Asking::finish() {
  for (std::size_t i = 0; i < plan_.questions.size(); ++i) {
    const std::optional<Answer>& counted = outcome_.answers[i];
    if (!counted) continue;
    ++outcome_.first_answers;
    if (states_[i].first_was_unusable || !counted->verdict.usable()) ++outcome_.first_answers_unusable;
  }
  if (failure_) {
    outcome_.end = AskEnd::failed;
    outcome_.failure = failure_;
  } else if (outcome_.progress.answered + outcome_.in_doubt.size() < plan_.questions.size()) {
    outcome_.end = AskEnd::stopped;
  }
  return std::move(outcome_);
}

AskOutcome ask(const Plan& plan, Provider& provider, AnswerStore& store, const Clock& clock, const StopSignal& stop,
               AskObserver& observer, const AskOptions& options) {
  Asking asking(plan, provider.facts(), store, clock, stop, observer, options);
  asking.read_stored();
  if (asking.has_open_questions()) provider.answer(plan, asking);
  return asking.finish();
}

}  // namespace heretix
