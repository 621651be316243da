#include "measure/systemone/decision_desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "belief/readout/parts.hpp"
#include "belief/record/decision_facts.hpp"
#include "measure/check_set.hpp"
#include "measure/plan_with_bank.hpp"
#include "measure/run_store.hpp"
#include "measure/shared_provider.hpp"
#include "measure/systemone/decision_store.hpp"
#include "models/letter_reader.hpp"
#include "models/stated/stated_provider.hpp"

namespace heretix {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kStep = 4;          // wordings that are asked together
constexpr std::size_t kAtOnce = 32;       // questions of a model that takes those of several plans together
constexpr std::size_t kAtOnceInTurn = 2;  // one is planned or judged while another is asked
constexpr std::size_t kMostOpen = 4'000;  // questions that wait to be measured
constexpr std::size_t kLeastUsable = 2;   // wordings, for an interval
constexpr int kMostReplans = 8;           // for what a server refuses, one after the other
constexpr long kMostRetryAfter = 20;      // seconds; clients that are told more may give up
constexpr auto kWakeUp = 50ms;            // how often somebody who waits looks at the time
constexpr double kEndSteps = 1e4;         // four decimals

class NoObserver final : public AskObserver {
 public:
  void on_progress(const AskProgress& /*progress*/, const std::vector<std::optional<Answer>>& /*answers*/) override {}
  void on_wait(const std::string& /*why*/) override {}
};

bool is_allowed(std::size_t wordings) {
  return wordings >= kLeastWordings && wordings <= kMostWordings && wordings % kStep == 0;
}

// A noul's state is read once and its question in each statement; options are listed once for two wordings.
double size_of_step(const std::string& state, const DecisionQuestion& question) {
  constexpr double kBytesAround = 100;  // the question, in a prompt
  constexpr double kPrompts = 2.0 * kStep;
  double size =
      static_cast<double>(state.size()) + kPrompts * (kBytesAround + static_cast<double>(question.text().size()));
  for (const DecisionOption& option : question.options)
    size += kPrompts / 2 * static_cast<double>(option.name.size() + option.description.size());
  return size;
}

void add_tokens(DecisionAnswer& answer, const Answer& one) {
  answer.input_tokens += one.tokens_in.value_or(0);
  answer.output_tokens += one.tokens_out.value_or(0);
}

Ends outwards(const Interval& interval) {
  return {.low = std::floor(interval.low.value() * kEndSteps) / kEndSteps,
          .high = std::ceil(interval.high.value() * kEndSteps) / kEndSteps};
}

// The numbers of a check's stored record. `bias` is empty where no negation was asked.
DecisionAnswer noul_from(const nlohmann::json& record, const std::string& run_id) {
  const nlohmann::json& belief = record.at("belief_v2");
  DecisionAnswer answer{.kind = DecisionKind::noul, .wordings = belief.at("T"), .record = run_id};
  answer.noul = rounded_probability(belief.at("p"));
  if (belief.contains("ci"))
    answer.noul_ends =
        outwards({Probability{belief["ci"].at(0).get<double>()}, Probability{belief["ci"].at(1).get<double>()}});
  const nlohmann::json& readout = record.at("readout");
  if (readout.contains("yes_bias")) answer.yes_bias = rounded_probability(readout["yes_bias"].at("log_odds"));
  return answer;
}

}  // namespace

// One question, and how far it is. Guarded by the desk's mutex, apart from what only its step uses while it is busy.
struct DecisionDesk::Work {
  std::string key;
  std::string state;
  DecisionQuestion question;  // canonical
  std::uint64_t number = 0;   // in the order of arrival

  std::optional<DecisionAnswer> answer{};
  std::size_t asked = 0;  // wordings
  bool is_looked_up = false;
  bool is_busy = false;
  bool is_due = false;      // a step is begun for a request, however long it takes
  std::size_t waiting = 0;  // requests
  Time deadline{};          // of the one that waits longest
  std::optional<Error> failure{};
  double size = 0;  // of a step, in about the bytes that a model reads
};

DecisionDesk::DecisionDesk(const DeskPorts& ports, const DeskOptions& options)
    : ports_(ports),
      options_(options),
      stated_(make_stated_provider(ports.provider)),
      provider_(stated_ ? *stated_ : ports.provider),
      facts_(provider_.facts()) {
  if (!is_allowed(options.most_wordings))
    throw Error(ErrorKind::bad_input,
                fmt::format("--wordings is {}; it must be 4, 8, 12 or 16", options.most_wordings));
  const auto* letters = dynamic_cast<const LetterReader*>(&provider_);
  if (letters != nullptr && letters->why_no_letters().empty()) {
    method_ = OptionMethod::letters;
    letter_form_ = letters->letter_form();
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { keep_measuring(stop); });
}

DecisionDesk::~DecisionDesk() {
  stop_.presses = 2;
  thread_.request_stop();
  changed_.notify_all();
}

// ---- Those who wait. ----

bool DecisionDesk::is_over(const Work& work, Time now) const {
  if (work.failure) return true;
  if (!work.is_looked_up || work.asked < kLeastWordings || !work.answer) return now >= work.deadline;
  if (work.asked >= options_.most_wordings) return true;
  return !work.is_busy && !work.is_due && !may_go_on(work, now);
}

// Whether a further step would be done in time for somebody who waits.
bool DecisionDesk::may_go_on(const Work& work, Time now) const {
  const auto step = std::chrono::duration_cast<std::chrono::nanoseconds>(time_of_step(work));
  return work.waiting > 0 && now + step < work.deadline;
}

std::chrono::duration<double> DecisionDesk::time_of_step(const Work& work) const {
  return std::chrono::duration<double>(seconds_for_each_unit_ * work.size);
}

// About how long it takes until all of these have their first answer, with what is measured before them.
std::chrono::seconds DecisionDesk::time_until_ready(const std::vector<WorkPointer>& works) const {
  std::uint64_t last = 0;
  for (const WorkPointer& work : works) last = std::max(last, work->number);
  std::chrono::duration<double> left{0};
  for (const auto& [key, work] : works_) {
    if (work->asked < kLeastWordings && !work->failure && work->number <= last) left += time_of_step(*work);
  }
  return std::chrono::seconds(std::clamp<long>(std::lround(std::ceil(left.count())), 1, kMostRetryAfter));
}

std::vector<DecisionDesk::WorkPointer> DecisionDesk::join(const DecisionRequest& request, Time deadline) {
  std::vector<WorkPointer> joined;
  for (const NamedQuestion& named : request.questions) {
    DecisionQuestion question = canonical_question(named.question);
    std::string key = decision_key(request.state, question);
    WorkPointer& work = works_[key];
    if (!work) {
      work = std::make_shared<Work>();
      work->key = key;
      work->state = request.state;
      work->size = size_of_step(request.state, question);
      work->question = std::move(question);
      work->number = arrived_++;
    }

    if (!work->is_busy) work->failure.reset();  // it is tried again
    // Each request begins a step: where steps take longer than clients wait, the request after it has the answer.
    work->is_due = work->asked < options_.most_wordings;
    ++work->waiting;
    work->deadline = std::max(work->deadline, deadline);
    joined.push_back(work);
  }
  return joined;
}

void DecisionDesk::forget_idle() {
  if (works_.size() <= options_.most_kept) return;
  std::erase_if(works_, [&](const auto& one) {
    const Work& work = *one.second;
    const bool is_ready = work.failure || work.asked >= kLeastWordings;  // else it is measured for the next try
    return work.waiting == 0 && !work.is_busy && (is_ready || options_.most_kept > 0);
  });
}

DecisionDesk::Answered DecisionDesk::answer(const DecisionRequest& request) {
  std::unique_lock lock(mutex_);
  const Time deadline = ports_.clock.steady() + options_.patience;
  const auto open = std::ranges::count_if(
      works_, [](const auto& one) { return one.second->asked < kLeastWordings && !one.second->failure; });
  if (static_cast<std::size_t>(open) > kMostOpen)
    return {.failure = Error(ErrorKind::unavailable, "too many questions wait to be measured"), .retry_after = 5s};

  const std::vector<WorkPointer> works = join(request, deadline);
  changed_.notify_all();
  for (;;) {
    const Time now = ports_.clock.steady();
    const auto is_done = [&](const WorkPointer& work) { return is_over(*work, now) || now >= deadline; };
    if (std::ranges::all_of(works, is_done) || stop_.stopping()) break;
    changed_.wait_for(lock, kWakeUp);
  }

  Answered answered{.is_final = true};
  for (const WorkPointer& work : works) {
    --work->waiting;
    answered.is_final = answered.is_final && work->asked >= options_.most_wordings;
    const bool is_ready = work->answer && work->answer->wordings >= kLeastUsable;
    if (is_ready) answered.answers.push_back(*work->answer);
    else if (work->failure) answered.failure = work->failure;
  }
  if (answered.answers.size() < works.size()) answered.answers.clear();
  if (answered.answers.empty() && !answered.failure) { answered.retry_after = time_until_ready(works); }
  forget_idle();
  return answered;
}

// ---- What is measured next. ----

// First what nobody has an answer to, in the order of arrival; it is measured even if nobody waits any more, for the
// client's next try. Then what rests on the fewest wordings.
DecisionDesk::WorkPointer DecisionDesk::next_work() {
  const Time now = ports_.clock.steady();
  WorkPointer next;
  const auto rank = [](const Work& work) {
    return std::pair(work.is_looked_up ? std::max(work.asked, std::size_t{1}) : 0, work.number);
  };
  for (const auto& [key, work] : works_) {
    if (work->is_busy || work->failure || work->asked >= options_.most_wordings) continue;
    const bool is_wanted = work->asked < kLeastWordings || work->is_due || may_go_on(*work, now);
    if (is_wanted && (!next || rank(*work) < rank(*next))) next = work;
  }
  return next;
}

// A round ends when nothing is wanted for a moment; each has threads and a group of commits of its own.
void DecisionDesk::keep_measuring(const std::stop_token& stop) {
  const std::size_t wanted = provider_.company() == Company::joined ? kAtOnce : kAtOnceInTurn;
  const std::size_t at_once = ports_.connections != nullptr ? std::min(wanted, ports_.most_connections) : wanted;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stop.stop_requested() || next_work() != nullptr; });
    }
    if (stop.stop_requested()) return;

    CheckSet set(stop_, ReportOrder::as_finished);
    auto shared = std::make_unique<SharedProvider>(provider_, set.shared());
    const auto take = [&]() -> std::optional<CheckSet::Job> {
      const std::lock_guard lock(mutex_);
      const WorkPointer work = next_work();
      if (!work) return std::nullopt;
      work->is_busy = true;
      work->is_due = work->is_due && !work->is_looked_up;
      return CheckSet::Job{.alone_by = work->key, .make = [&, work] {
                             const Time began = ports_.clock.steady();
                             Made made = made_of(*work, *shared, set);
                             return [this, work, began, made = std::move(made)] {
                               publish(*work, made, ports_.clock.steady() - began);
                             };
                           }};
    };
    try {
      set.run(at_once, take);
    } catch (const std::exception&) {  // of a commit: its answers are not kept, and are asked again
      const std::lock_guard lock(mutex_);
      for (const auto& [key, work] : works_) {
        if (!work->is_busy) continue;
        work->is_busy = false;
        work->failure = Error(ErrorKind::unavailable, "the store cannot be written");
      }
    }
    shared.reset();
  }
}

// Where many write the store, a step has a connection of its own, whose commits wait for nobody else's.
DecisionDesk::Made DecisionDesk::made_of(const Work& work, SharedProvider& shared, CheckSet& set) const {
  const auto provider = shared.for_one_check();
  if (ports_.connections != nullptr) {
    const auto lent = ports_.connections->borrow();
    return step(work, *provider, *lent);
  }
  const auto database = set.shared().stores.for_one_check(ports_.database);
  return step(work, *provider, *database);
}

// Nothing that it throws ends the round.
DecisionDesk::Made DecisionDesk::step(const Work& work, Provider& provider, Database& database) const {
  try {
    if (!work.is_looked_up) return look_up(work, provider, database);
    const std::size_t wordings = std::min(options_.most_wordings, work.asked + kStep);
    return work.question.kind == DecisionKind::noul ? step_of_noul(work, wordings, provider, database)
                                                    : step_of_options(work, wordings, provider, database);
  } catch (const Error& e) { return {.failure = e}; } catch (const std::exception& e) {
    return {.failure = Error(ErrorKind::broken, e.what())};
  }
}

void DecisionDesk::publish(Work& work, Made made, std::chrono::duration<double> took) {
  const std::lock_guard lock(mutex_);
  work.is_busy = false;
  if (made.failure && !work.answer) {
    work.failure = made.failure;
  } else if (made.failure) {
    work.asked = options_.most_wordings;  // what it rests on so far is all that can be had now
  } else {
    if (work.is_looked_up) {
      const double each = took.count() / work.size;
      seconds_for_each_unit_ = seconds_for_each_unit_ == 0 ? each : (3 * seconds_for_each_unit_ + each) / 4;
    }
    work.is_looked_up = true;
    work.asked = made.asked;
    if (made.answer) work.answer = std::move(made.answer);
  }
  changed_.notify_all();
}

void DecisionDesk::tell_execution(const Work& work, const ExecutionId& execution_id, bool is_new) const {
  if (ports_.on_execution) ports_.on_execution(work.key, execution_id, is_new);
}

PromptBank DecisionDesk::noul_bank(const std::string& state, const DecisionQuestion& question) const {
  const PromptBank statements = ports_.banks.get(kStatementBank);
  const bool has_criteria = !question.yes.empty() || !question.no.empty();
  const bool is_claim = is_neutral_state(state, statements.system) && !has_criteria &&
                        !is_question(question.instructions) && !question.instructions.empty();
  return is_claim ? statements : bank_for_state(ports_.banks.get(kStateQuestionBank), state);
}

OptionAsked DecisionDesk::option_asked(const ProviderFacts& facts) const {
  return {.model = facts.model,
          .mode = facts.mode,
          .form = method_ == OptionMethod::letters ? letter_form_ : facts.decision_form,
          .method = method_};
}

PromptBank DecisionDesk::option_bank() const {
  return ports_.banks.get(method_ == OptionMethod::letters ? kLetterBank : kOptionBank);
}

namespace {

// The check by which a noul is measured.
CheckRequest noul_request(const DecisionQuestion& question, const PromptBank& bank, std::size_t wordings,
                          const AskOptions& ask) {
  const auto count = static_cast<int>(wordings);
  CheckRequest request{.claim = question.text(), .bank = bank.version, .sampling = {}};
  request.sampling.slots = count;
  request.sampling.replicates = 1;
  request.sampling.templates = count;
  request.sampling.max_prompt_chars = kMaxPromptChars;
  request.readout = Readout::decision;
  request.ask = ask;
  return request;
}

// What a step may spend.
struct StepBudget {
  StepBudget(const DeskOptions& options, const ProviderFacts& facts) : ask(options.ask) {
    if (!options.most_for_step || !facts.price || facts.price->is_free()) return;
    budget = Budget({.command = options.most_for_step, .day = {}});
    ask.budget = &budget;
  }
  StepBudget(const StepBudget&) = delete;
  StepBudget& operator=(const StepBudget&) = delete;

  AskOptions ask;
  Budget budget;
};

}  // namespace

std::optional<Usd> DecisionDesk::most_cost(const std::string& state, const DecisionQuestion& asked) const {
  if (!facts_.price) return std::nullopt;
  if (facts_.price->is_free()) return Usd();

  const DecisionQuestion question = canonical_question(asked);
  Plan plan;
  if (question.kind == DecisionKind::noul) {
    const PromptBank bank = noul_bank(state, question);
    plan = Parts(plan_as_given(noul_request(question, bank, options_.most_wordings, {}), bank, facts_)).to_ask();
  } else {
    plan = plan_options(question, state, option_asked(facts_), option_bank(), options_.most_wordings).plan;
  }

  Usd most;
  for (const Question& one : plan.questions) most += most_cost_of(*facts_.price, plan, one) * 2;
  return most;
}

// What an earlier process has stored.
DecisionDesk::Made DecisionDesk::look_up(const Work& work, Provider& provider, Database& database) const {
  if (work.question.kind != DecisionKind::noul) {
    auto found =
        DecisionStore(database).best(work.key, option_asked(provider.facts()), option_bank(), options_.most_wordings);
    const std::size_t asked = found ? found->asked : 0;
    if (found) tell_execution(work, ExecutionId{found->record}, false);
    return {.answer = std::move(found), .asked = asked};
  }

  const auto store = ports_.open_runs(database);
  RunStore& runs = *store;
  const PromptBank bank = noul_bank(work.state, work.question);
  for (std::size_t wordings = options_.most_wordings; wordings > 0; wordings -= kStep) {
    const PlannedCheck check =
        plan_with_bank(noul_request(work.question, bank, wordings, options_.ask), bank, provider, runs);
    const std::string run_id = check.plan.run_id.text();
    const auto row = runs.newest_execution(RunId{run_id});
    if (!row || !row->record_text) continue;
    tell_execution(work, row->execution_id, false);
    DecisionAnswer found = noul_from(nlohmann::json::parse(*row->record_text), run_id);
    found.asked = wordings;
    for (const Question& question : check.plan.questions) {
      for (const Row& answer : runs.answer_rows(question.cache_key)) add_tokens(found, answer_from(answer));
    }
    return {.answer = std::move(found), .asked = wordings};
  }
  return {};
}

DecisionDesk::Made DecisionDesk::step_of_noul(const Work& work, std::size_t wordings, Provider& provider,
                                              Database& database) const {
  const auto store = ports_.open_runs(database);
  RunStore& runs = *store;
  NoObserver observer;
  const StepBudget spending(options_, provider.facts());
  const PromptBank bank = noul_bank(work.state, work.question);
  const PlannedCheck check =
      plan_with_bank(noul_request(work.question, bank, wordings, spending.ask), bank, provider, runs);
  tell_execution(work, check.execution_id, true);
  const Record record = run_check(check, {.banks = ports_.banks,
                                          .provider = provider,
                                          .runs = runs,
                                          .database_path = "",
                                          .clock = ports_.clock,
                                          .stop = stop_,
                                          .observer = observer,
                                          .keeps_execution_id = static_cast<bool>(ports_.on_execution)});

  DecisionAnswer answer = noul_from(to_json(record), record.plan.run_id.text());
  answer.asked = wordings;
  for (const Answer& one : record.answers) add_tokens(answer, one);
  return {.answer = std::move(answer), .asked = wordings};
}

DecisionDesk::Made DecisionDesk::step_of_options(const Work& work, std::size_t wordings, Provider& provider,
                                                 Database& database) const {
  NoObserver observer;
  const StepBudget spending(options_, provider.facts());
  const PromptBank bank = option_bank();
  for (int attempt = 0; attempt < kMostReplans; ++attempt) {
    const OptionAsked asked = option_asked(provider.facts());
    const std::string id = decision_id_of(work.key, asked, bank, wordings);
    const OptionPlan options = plan_options(work.question, work.state, asked, bank, wordings);
    tell_execution(work, ExecutionId{id}, true);
    AnswerStore answers(database, ExecutionId{id}, options.plan.run_id);
    const AskOutcome outcome = ask(options.plan, provider, answers, ports_.clock, stop_, observer, spending.ask);
    if (outcome.end == AskEnd::refused && provider.heed(*outcome.refusal)) continue;
    require_complete(outcome);

    const std::vector<std::vector<double>> shares = option_shares(options, outcome.answers);
    if (shares.size() < kLeastUsable) {
      if (wordings < options_.most_wordings) return {.asked = wordings};
      throw Error(ErrorKind::unavailable,
                  fmt::format("only {} of {} answers of {} could be read", shares.size(), wordings, asked.model),
                  "use a model that keeps to the form of an answer");
    }
    DecisionAnswer answer = decide(work.question, shares);
    answer.asked = wordings;
    answer.record = id;
    for (const auto& one : outcome.answers) add_tokens(answer, *one);
    DecisionStore(database).keep({.decision_id = id,
                                  .asked = asked,
                                  .mode_text = asked.mode.text(),
                                  .state = work.state,
                                  .question = work.question,
                                  .bank = bank,
                                  .wordings = wordings,
                                  .answer = answer},
                                 unix_seconds(ports_.clock.now()));
    return {.answer = std::move(answer), .asked = wordings};
  }
  throw Error(ErrorKind::unavailable, fmt::format("{} refuses every way of asking", provider.facts().model));
}

}  // namespace heretix
