#include "measure/run_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/money.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "belief/plan/limits.hpp"
#include "belief/plan/outline.hpp"
#include "measure/artifact.hpp"
#include "measure/ask_in_parts.hpp"
#include "measure/plan_with_bank.hpp"
#include "measure/run_store.hpp"

namespace heretix {

std::string cost_in_words(const AskProgress& progress) {
  std::string text = "it cost " + to_text(progress.billed);
  if (progress.billing_unknown > 0) {
    text += fmt::format(", and {} attempts may have been billed", progress.billing_unknown);
    if (progress.may_be_billed > Usd()) text += fmt::format(", {} at most", to_text(progress.may_be_billed));
  }
  return text;
}

namespace {

std::string kept(const AskOutcome& outcome) {
  const AskProgress& p = outcome.progress;
  std::string text =
      fmt::format("{} of {} answers are kept ({} of them from the store)", p.answered, p.questions, p.from_store);
  if (p.billed > Usd() || p.billing_unknown > 0) text += "; " + cost_in_words(p);
  return text;
}

bool is_stopped(const AskOutcome& outcome) {
  return outcome.end == AskEnd::stopped || (outcome.failure && outcome.failure->kind() == ErrorKind::stopped);
}

// Why a check has not all of its answers, without what is kept of it.
Error why_incomplete(const AskOutcome& outcome) {
  if (outcome.end == AskEnd::stopped)
    return {ErrorKind::stopped, "stopped", "run the same command again; it asks only for what is missing"};
  if (outcome.failure) return *outcome.failure;
  return {ErrorKind::in_doubt,
          fmt::format("{} questions were sent twice, or once in a batch, and no answer arrived; they may have been "
                      "billed",
                      outcome.in_doubt.size()),
          "look at your provider's bill, then run the same command with --resend-unknown"};
}

[[noreturn]] void throw_incomplete(const AskOutcome& outcome) {
  const Error why = why_incomplete(outcome);
  const char* between = outcome.end == AskEnd::stopped ? ": " : ". ";
  throw Error(why.kind(), why.what() + (between + kept(outcome)), why.hint());
}

// A check without a record is still a fact, and must not look as if it ran: others would wait for its answers.
class EndedIfThrown {
 public:
  // `held`: by which others see that the execution runs, until its end is written.
  EndedIfThrown(RunStore& runs, const ExecutionId& execution_id, const Clock& clock, std::unique_ptr<HeldName> held)
      : held_(std::move(held)), runs_(runs), execution_id_(execution_id), clock_(clock) {}
  ~EndedIfThrown() {
    if (is_ended_) return;
    try {
      at_once(ExecutionStatus::failed);
    } catch (const std::exception&) {
      is_ended_ = true;  // the store is away; who looks later sees that its owner is gone
    }
  }
  EndedIfThrown(const EndedIfThrown&) = delete;
  EndedIfThrown& operator=(const EndedIfThrown&) = delete;
  void at_once(ExecutionStatus status) {
    is_ended_ = true;
    runs_.end(execution_id_, status, unix_seconds(clock_.now()));
    held_.reset();
  }
  void not_needed() { is_ended_ = true; }

 private:
  std::unique_ptr<HeldName> held_;
  RunStore& runs_;
  const ExecutionId& execution_id_;
  const Clock& clock_;
  bool is_ended_ = false;
};

// By the name that the provider itself gave with its answers.
std::map<std::string, std::size_t> answered_by(const std::vector<std::optional<Answer>>& answers) {
  std::map<std::string, std::size_t> counts;
  for (const auto& answer : answers) {
    if (answer && !answer->model_version.empty()) ++counts[answer->model_version];
  }
  return counts;
}

std::map<std::string, std::size_t> unknown_finishes(const std::vector<std::optional<Answer>>& answers) {
  std::map<std::string, std::size_t> counts;
  for (const auto& answer : answers) {
    if (answer && answer->verdict.reason == Reason::unknown_finish) ++counts[on_one_line(answer->finish)];
  }
  return counts;
}

ExecutionFacts facts_of(const AskOutcome& outcome, const AskProgress& spent, const ProviderFacts& provider,
                        const ExecutionId& execution_id, long long started, long long now) {
  return {.execution_id = execution_id,
          .created_at = started,
          .finished_at = now,
          .provider = provider.provider,
          .settings = provider.settings,
          .answered_by = answered_by(outcome.answers),
          .attempts = spent.attempts,
          .billed_micro_usd = spent.billed.micros(),
          .billing_unknown = spent.billing_unknown,
          .first_answers_unusable = outcome.first_answers_unusable,
          .unknown_finishes = unknown_finishes(outcome.answers),
          .program_version = std::string(kVersion)};
}

constexpr int kLargestRaisedLimit = 16'384;  // tokens; above it a person decides

// The limit that is tried where that one is spent on thinking.
std::optional<int> raised_limit(int limit) {
  return 4 * limit <= kLargestRaisedLimit ? std::optional(4 * limit) : std::nullopt;
}

// Only where a server answers: what is played or runs here thinks within its form.
bool probes_limit(const CheckRequest& request, const ProviderFacts& facts) {
  return request.raises_limit && request.readout == Readout::verbalized && !facts.address.empty();
}

// How a limit that was too small is remembered; how much a model thinks depends on how much it was told to.
ServerRefusal limit_refusal(int limit, const ProviderFacts& facts) {
  const std::string effort = facts.mode.value("reasoning");
  return {.address = facts.address,
          .model = facts.model,
          .parameter = "max_output_tokens",
          .value = fmt::format("{}", limit),
          .sent_with = effort.empty() ? "" : "reasoning=" + effort,
          .message = "the first answer spent it on thinking"};
}

bool has_usable_answer(const Plan& plan, RunStore& runs) {
  return std::ranges::any_of(plan.questions, [&](const Question& question) {
    const auto sample = runs.sample(question.cache_key);
    return sample && sample->integer("json_valid") == 1;
  });
}

struct Asked {
  Plan plan;  // of a ladder: the part that was asked
  AskOutcome outcome;
  std::vector<long long> billed_after_rungs{};
};

Asked ask_ladder(const Plan& plan, const CheckPorts& ports, const auto& ask_part) {
  Asked asked{first_of_ladder(plan, 0), {}};
  for (Climb reached = climb_of(asked.plan, {}); !reached.stop;) {
    asked.plan = first_of_ladder(plan, reached.to_ask);
    AskOutcome outcome = ask_part(asked.plan);
    add_earlier(outcome, asked.outcome);
    asked.outcome = std::move(outcome);
    if (asked.outcome.end != AskEnd::complete || !asked.outcome.in_doubt.empty()) return asked;
    const bool none_usable = asked.outcome.progress.refused == asked.outcome.answers.size();
    if (none_usable && asked.outcome.answers.size() == plan.questions.size()) return asked;  // make_record refuses it
    ports.do_apart([&] { reached = climb_of(asked.plan, asked.outcome.answers); });
    asked.billed_after_rungs.resize(reached.rungs.size(), asked.outcome.progress.billed.micros());
  }
  return asked;
}

}  // namespace

void require_complete(const AskOutcome& outcome) {
  if (outcome.end != AskEnd::complete || !outcome.in_doubt.empty()) throw_incomplete(outcome);
}

ExecutionId new_execution_id() { return ExecutionId{"exec-" + random_hex(6)}; }

namespace {

Recipe recipe_of(const CheckRequest& request, const ProviderFacts& facts,
                 const std::optional<ExecutionId>& execution_id) {
  Recipe recipe{
      .claim = parse_claim(request.claim), .model = facts.model, .mode = facts.mode, .sampling = request.sampling};
  if (request.fresh) recipe.mode.with("run", execution_id ? execution_id->text() : "");
  if (request.readout != Readout::verbalized) {
    recipe.mode.with("readout", std::string(to_word(request.readout)));
    if (request.readout == Readout::frequency) recipe.mode.with("samples", fmt::format("{}", request.samples));
    if (request.readout == Readout::decision) {
      if (!facts.decision_form.empty()) recipe.mode.with("asked", facts.decision_form);
      if (!request.asks_negation) recipe.mode.with("negation", std::string(kNoNegation));
      if (request.together > 1) recipe.mode.with("together", fmt::format("{}", request.together));
    }
  }
  return recipe;
}

}  // namespace

CheckRequest request_of(const Recipe& recipe, std::string bank, std::optional<std::uint64_t> seed, bool fresh) {
  CheckRequest request{.claim = recipe.claim.text, .bank = std::move(bank), .sampling = recipe.sampling};
  request.readout = recipe.readout();
  if (const std::string samples = recipe.mode.value("samples"); !samples.empty()) request.samples = std::stoi(samples);
  request.asks_negation = recipe.mode.value("negation") != kNoNegation;
  if (const std::string together = recipe.mode.value("together"); !together.empty())
    request.together = std::stoi(together);
  request.seed = seed;
  if (seed) request.seed_source = SeedSource::given;
  request.fresh = fresh;
  return request;
}

Plan plan_as_given(const CheckRequest& request, const PromptBank& bank, const ProviderFacts& facts,
                   const std::optional<ExecutionId>& execution_id) {
  require_measurable(request.sampling, request.readout, request.samples);
  return make_plan(recipe_of(request, facts, execution_id), asked_bank(request, bank));
}

Plan outline_check(const CheckRequest& request, const PromptBank& bank, const ProviderFacts& facts,
                   const std::optional<ExecutionId>& execution_id) {
  require_measurable(request.sampling, request.readout, request.samples);
  return outline_plan(recipe_of(request, facts, execution_id), bank);
}

std::string name_of_bank(const CheckRequest& request) {
  const bool is_ours = request.bank == kQuestionBank;
  return is_ours && request.readout == Readout::decision ? kStatementBank : request.bank;
}

PromptBank named_bank(const CheckRequest& request, const PromptBanks& banks) {
  return banks.get(name_of_bank(request));
}

PromptBank asked_bank(const CheckRequest& request, const PromptBank& bank) {
  if (request.readout == Readout::decision && !bank.states())
    throw Error(ErrorKind::bad_input,
                fmt::format("the bank {} holds questions; the readout decision needs statements", bank.version),
                fmt::format("use --prompt-version {}, or leave it out", kStatementBank));
  if (request.readout != Readout::decision && bank.states())
    throw Error(ErrorKind::bad_input,
                fmt::format("the bank {} holds statements, which only the readout decision asks", bank.version),
                "use --readout decision, or name a bank of questions with --prompt-version");
  PromptBank by_word = answered_by_a_word(bank);
  if (asks_for_a_word(request.readout)) return by_word;
  if (request.readout != Readout::decision && by_word.version == bank.version)
    throw Error(ErrorKind::bad_input,
                fmt::format("the bank {} asks for one word; the readout {} needs a number", bank.version,
                            to_word(request.readout)),
                "use --readout token or frequency, or name another bank with --prompt-version");
  return bank;
}

void require_readable(const Provider& provider, Readout readout) {
  const std::string why = provider.why_not(readout);
  if (why.empty()) return;
  throw Error(ErrorKind::bad_input,
              fmt::format("{} cannot be read by {}: {}", provider.facts().model, to_word(readout), why),
              "see docs/readouts.md for what each readout needs");
}

CheckRequest as_remembered(CheckRequest request, const PromptBank& bank, Provider& provider, RunStore& runs) {
  const std::vector<ServerRefusal> known = runs.refusals(provider.facts().address, provider.facts().model);

  // One refusal may be of what was sent after another was heeded, so they are gone through until none fits any more.
  for (bool was_heeded = true; was_heeded;)
    was_heeded = std::ranges::any_of(known, [&](const ServerRefusal& refusal) { return provider.heed(refusal); });

  if (!probes_limit(request, provider.facts())) return request;
  int& limit = request.sampling.max_output_tokens;
  for (auto next = raised_limit(limit); next; next = raised_limit(limit)) {
    const ServerRefusal too_small = limit_refusal(limit, provider.facts());
    const bool is_known = std::ranges::any_of(known, [&](const ServerRefusal& refusal) {
      return refusal.parameter == too_small.parameter && refusal.value == too_small.value &&
             refusal.sent_with == too_small.sent_with;
    });
    if (!is_known || (!request.fresh && has_usable_answer(plan_as_given(request, bank, provider.facts()), runs))) break;
    limit = *next;
  }
  return request;
}

PlannedCheck plan_check(const CheckRequest& request, const PromptBanks& banks, Provider& provider, RunStore& runs,
                        const std::optional<ExecutionId>& execution_id) {
  return plan_with_bank(request, named_bank(request, banks), provider, runs, execution_id);
}

PlannedCheck plan_with_bank(const CheckRequest& request, const PromptBank& named, Provider& provider, RunStore& runs,
                            const std::optional<ExecutionId>& execution_id) {
  require_readable(provider, request.readout);

  PlannedCheck check{.request = as_remembered(request, named, provider, runs),
                     .bank = asked_bank(request, named),
                     .plan = {},
                     .execution_id = execution_id ? *execution_id : new_execution_id()};
  check.plan = plan_as_given(check.request, named, provider.facts(), check.execution_id);
  const int wanted_limit = request.sampling.max_output_tokens;
  if (check.request.sampling.max_output_tokens != wanted_limit) check.limit_raised_from = wanted_limit;
  return check;
}

namespace {

// What was done in this check so far. Each execution before the last one ended because the server refused something, or
// because the output limit was too small.
struct Before {
  AskProgress spent;  // what was sent and billed, of the present execution too once it has asked
  std::optional<int> limit_raised_from;
};

// In `progress` too, so that an error tells what all of the check cost.
void add_spent(AskProgress& spent, AskProgress& progress) {
  progress.attempts = spent.attempts += progress.attempts;
  progress.billed = spent.billed += progress.billed;
  progress.may_be_billed = spent.may_be_billed += progress.may_be_billed;
  progress.billing_unknown = spent.billing_unknown += progress.billing_unknown;
}

std::string most_cost_text(const Plan& plan, const ProviderFacts& facts) {
  if (!facts.price) return "";
  Usd most;
  for (const Question& question : plan.questions) most += most_cost_of(*facts.price, plan, question);
  return ", at most " + to_text(most);
}

std::string heeded_text(const ServerRefusal& refusal, const Mode& mode) {
  const bool is_left_out = mode.value(refusal.parameter).empty();
  if (is_left_out) return fmt::format("{} does not take {}: asking without it", refusal.model, refusal.parameter);
  return fmt::format("{} does not take {} {}: asking with {}", refusal.model, refusal.parameter, refusal.value,
                     mode.value(refusal.parameter));
}

Record run_after(const PlannedCheck& check, const CheckPorts& ports, Before before);

PlannedCheck plan_anew(const PlannedCheck& check, const CheckRequest& request, const CheckPorts& ports) {
  return plan_with_bank(request, check.bank, ports.provider, ports.runs,
                        ports.keeps_execution_id ? std::optional(check.execution_id) : std::nullopt);
}

// Keys name what was sent, so all is planned and asked anew.
Record run_as_the_server_takes_it(const PlannedCheck& check, const CheckPorts& ports, const AskOutcome& outcome,
                                  Before before) {
  ports.runs.remember(*outcome.refusal, unix_seconds(ports.clock.now()));
  ports.observer.on_wait(heeded_text(*outcome.refusal, ports.provider.facts().mode));
  return run_after(plan_anew(check, check.request, ports), ports, before);
}

// Nothing but the first answer was asked for, unless answers came in a batch.
Record run_with_a_larger_limit(const PlannedCheck& check, const CheckPorts& ports, const AskOutcome& outcome,
                               Before before) {
  const ProviderFacts& facts = ports.provider.facts();
  const int limit = check.request.sampling.max_output_tokens;
  const std::string what =
      fmt::format("{} spent all of {} output tokens on thinking in its first answer", facts.model, limit);
  const auto next = raised_limit(limit);
  if (!next)
    throw Error(
        ErrorKind::bad_input, fmt::format("{}. {}", what, kept(outcome)),
        fmt::format("let it think less (--reasoning low), or give it more room: --max-output-tokens {}", 4 * limit));

  ports.runs.remember(limit_refusal(limit, facts), unix_seconds(ports.clock.now()));
  if (!before.limit_raised_from) before.limit_raised_from = limit;
  CheckRequest larger = check.request;
  larger.sampling.max_output_tokens = *next;
  const PlannedCheck again = plan_anew(check, larger, ports);
  ports.observer.on_wait(fmt::format("{}: asking with {} instead{}", what, *next, most_cost_text(again.plan, facts)));
  return run_after(again, ports, before);
}

std::string with_raised_limit(const std::string& settings, int from, int to) {
  auto told = nlohmann::json::parse(settings);
  told["raised_limit"] = {{"from", from}, {"to", to}};
  return told.dump();
}

Record run_after(const PlannedCheck& check, const CheckPorts& ports, Before before) {
  const CheckRequest& request = check.request;
  const Plan& plan = check.plan;
  if (!before.limit_raised_from) before.limit_raised_from = check.limit_raised_from;

  // From here on others see that it runs.
  RunStore& runs = ports.runs;
  const ExecutionId& execution_id = check.execution_id;
  const long long started = unix_seconds(ports.clock.now());
  const std::string config = config_json(plan, check.bank, request.seed).dump();
  auto held = runs.start(plan, check.bank, execution_id, config, started, ports.owner);
  std::optional<EndedIfThrown> ended;
  ended.emplace(runs, execution_id, ports.clock, std::move(held));

  // Ask.
  AnswerStore answers(runs.database(), execution_id, plan.run_id);
  AskOptions options = request.ask;
  options.probes_limit = probes_limit(request, ports.provider.facts());
  const auto ask_plan = [&](const Plan& part, AskObserver& observer) {
    return ask(part, ports.provider, answers, ports.clock, ports.stop, observer, options);
  };
  const auto ask_part = [&](const Plan& part) {
    if (request.readout == Readout::verbalized) return ask_plan(part, ports.observer);
    return ask_in_parts(part, ports.provider.facts(), answers, ports.observer, ask_plan);
  };
  Asked asked = plan.recipe.sampling.ladder ? ask_ladder(plan, ports, ask_part) : Asked{plan, ask_part(plan)};
  AskOutcome& outcome = asked.outcome;
  add_spent(before.spent, outcome.progress);

  // What the server refused is left out, or changed, in an execution of its own.
  if (outcome.end == AskEnd::refused && ports.provider.heed(*outcome.refusal)) {
    ended->at_once(ExecutionStatus::replaced);
    ended.reset();  // the next execution may have the same id, and its owner holds a lock by that name
    return run_as_the_server_takes_it(check, ports, outcome, before);
  }
  if (outcome.end == AskEnd::limit_too_small) {
    ended->at_once(raised_limit(request.sampling.max_output_tokens) ? ExecutionStatus::replaced
                                                                    : ExecutionStatus::failed);
    ended.reset();
    return run_with_a_larger_limit(check, ports, outcome, before);
  }
  if (outcome.end != AskEnd::complete || !outcome.in_doubt.empty()) {
    ended->at_once(is_stopped(outcome) ? ExecutionStatus::stopped : ExecutionStatus::failed);
    ports.observer.on_incomplete(why_incomplete(outcome).what(), outcome.progress);
    throw_incomplete(outcome);
  }

  const long long finished = unix_seconds(ports.clock.now());
  ExecutionFacts facts = facts_of(outcome, before.spent, ports.provider.facts(), execution_id, started, finished);
  facts.billed_after_rungs = asked.billed_after_rungs;
  if (before.limit_raised_from)
    facts.settings = with_raised_limit(facts.settings, *before.limit_raised_from, request.sampling.max_output_tokens);

  // Estimate, and keep it.
  std::optional<Record> record;
  WrittenRecord written;
  ports.do_apart([&] {
    record = make_record(asked.plan, check.bank, outcome.answers, request.seed, request.seed_source, std::move(facts));
    nlohmann::json head = to_json(*record);
    written.text = head.dump();
    if (!ports.database_path.empty())
      written.artifact_path = write_artifact(*record, std::move(head), ports.database_path);
  });
  runs.finish(*record, written);
  ended->not_needed();
  return std::move(*record);
}

}  // namespace

Record run_check(const PlannedCheck& check, const CheckPorts& ports) { return run_after(check, ports, {}); }

}  // namespace heretix
