#include "measure/ask_in_parts.hpp"

#include "belief/readout/parts.hpp"

namespace heretix {
namespace {

// Parts are not the plan's questions: only their number is told.
class PartsObserver final : public AskObserver {
 public:
  PartsObserver(AskObserver& observer, std::size_t questions) : observer_(observer), none_(questions) {}
  void on_progress(const AskProgress& progress, const std::vector<std::optional<Answer>>& /*parts*/) override {
    observer_.on_progress(progress, none_);
  }
  void on_wait(const std::string& why) override { observer_.on_wait(why); }
  void on_open(const Plan& asked, const std::vector<std::size_t>& questions) override {
    observer_.on_open(asked, questions);
  }
  void on_sent(const Plan& asked, std::size_t question) override { observer_.on_sent(asked, question); }
  void on_came(std::size_t question, bool is_over) override { observer_.on_came(question, is_over); }
  void on_work(const WorkDone& work) override { observer_.on_work(work); }

 private:
  AskObserver& observer_;
  std::vector<std::optional<Answer>> none_;
};

// What stands there already is final.
Answer kept(AnswerStore& store, const Plan& plan, const Question& question, Answer made, const ProviderFacts& facts) {
  store.in_group(plan, [&] {
    const History known = store.history(plan, question);
    if (known.final_answer) {
      made = *known.final_answer;
      return;
    }
    made.attempt = known.attempts + 1;  // behind one that was made of replies without an answer
    Reply reply;
    reply.usage = {.input = made.tokens_in, .output = made.tokens_out};
    reply.billed = Usd();  // its parts were
    store.keep_answer(question, made, reply, facts);
    store.keep_sample(question, made);
  });
  return made;
}

}  // namespace

void add_earlier(AskOutcome& outcome, const AskOutcome& earlier) {
  for (std::size_t i = 0; i < earlier.answers.size(); ++i) {
    if (!outcome.answers[i] || !earlier.answers[i] || earlier.answers[i]->from_store) continue;
    outcome.answers[i]->from_store = false;
    --outcome.progress.from_store;
  }
  outcome.progress.retries += earlier.progress.retries;
  outcome.progress.attempts += earlier.progress.attempts;
  outcome.progress.billed += earlier.progress.billed;
  outcome.progress.may_be_billed += earlier.progress.may_be_billed;
  outcome.progress.billing_unknown += earlier.progress.billing_unknown;
}

AskOutcome ask_in_parts(const Plan& plan, const ProviderFacts& facts, AnswerStore& store, AskObserver& observer,
                        const std::function<AskOutcome(const Plan& parts, AskObserver& observer)>& ask) {
  Parts parts(plan);
  PartsObserver quiet(observer, plan.questions.size());
  AskOutcome outcome;
  do {
    AskOutcome next = ask(parts.to_ask(), quiet);
    add_earlier(next, outcome);
    outcome = std::move(next);
  } while (outcome.end == AskEnd::complete && outcome.in_doubt.empty() && parts.add_further(outcome.answers));
  const bool is_complete = outcome.end == AskEnd::complete && outcome.in_doubt.empty();
  std::vector<std::optional<Answer>> made(plan.questions.size());
  if (is_complete) made = parts.compose(outcome.answers);
  if (is_complete) outcome.progress.questions = outcome.progress.answered = plan.questions.size();
  if (is_complete) outcome.progress.from_store = outcome.progress.refused = 0;
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (!made[i]) continue;
    made[i] = kept(store, plan, plan.questions[i], std::move(*made[i]), facts);
    if (made[i]->from_store) ++outcome.progress.from_store;
    if (!made[i]->verdict.usable()) ++outcome.progress.refused;
  }
  outcome.answers = std::move(made);
  if (is_complete) observer.on_progress(outcome.progress, outcome.answers);
  return outcome;
}

}  // namespace heretix
