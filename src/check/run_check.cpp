#include "check/run_check.hpp"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "check/artifact.hpp"
#include "check/ask_in_parts.hpp"
#include "check/run_store.hpp"
#include "plan/limits.hpp"
#include "plan/outline.hpp"

namespace heretix {
namespace {

std::string cost(const AskProgress& progress) {
  std::string text = fmt::format("it cost ${:.6f}", progress.billed.dollars());
  if (progress.billing_unknown > 0) {
    text += fmt::format(", and {} attempts may have been billed", progress.billing_unknown);
    if (progress.may_be_billed > Usd()) text += fmt::format(", ${:.6f} at most", progress.may_be_billed.dollars());
  }
  return text;
}

std::string kept(const AskOutcome& outcome) {
  const AskProgress& p = outcome.progress;
  std::string text =
      fmt::format("{} of {} answers are kept ({} of them from the store)", p.answered, p.questions, p.from_store);
  if (p.billed > Usd() || p.billing_unknown > 0) text += "; " + cost(p);
  return text;
}

[[noreturn]] void throw_in_doubt(const AskOutcome& outcome) {
  throw Error(ErrorKind::in_doubt,
              fmt::format("{} questions were sent twice and no answer was seen; they may have been billed. {}",
                          outcome.in_doubt.size(), kept(outcome)),
              "look at your provider's bill, then run the same command with --resend-unknown");
}

bool is_stopped(const AskOutcome& outcome) {
  return outcome.end == AskEnd::stopped || (outcome.failure && outcome.failure->kind() == ErrorKind::stopped);
}

[[noreturn]] void throw_incomplete(const AskOutcome& outcome) {
  if (outcome.end == AskEnd::stopped) {
    throw Error(ErrorKind::stopped, fmt::format("stopped: {}", kept(outcome)),
                "the same command asks only for what is missing");
  }
  if (outcome.failure) {
    throw Error(outcome.failure->kind(), fmt::format("{}. {}", outcome.failure->what(), kept(outcome)),
                outcome.failure->hint());
  }
  throw_in_doubt(outcome);
}

// A check without a record is still a fact, and must not look as if it ran: others would wait for its answers.
class EndedIfThrown {
 public:
  // `held`: by which others see that the execution runs, until its end is written.
  EndedIfThrown(RunStore& runs, const std::string& execution_id, const Clock& clock, std::unique_ptr<HeldName> held)
      : held_(std::move(held)), runs_(runs), execution_id_(execution_id), clock_(clock) {}
  ~EndedIfThrown() {
    if (is_ended_) return;
    try {
      at_once("failed");
    } catch (const std::exception&) {
      is_ended_ = true;  // the store is away; who looks later sees that its owner is gone
    }
  }
  EndedIfThrown(const EndedIfThrown&) = delete;
  EndedIfThrown& operator=(const EndedIfThrown&) = delete;
  void at_once(const std::string& status) {
    is_ended_ = true;
    runs_.end(execution_id_, status, unix_seconds(clock_.now()));
    held_.reset();
  }
  void not_needed() { is_ended_ = true; }

 private:
  std::unique_ptr<HeldName> held_;
  RunStore& runs_;
  const std::string& execution_id_;
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

ExecutionFacts facts_of(const AskOutcome& outcome, const ProviderFacts& provider, const std::string& execution_id,
                        long long started, long long now) {
  return {.execution_id = execution_id,
          .created_at = started,
          .finished_at = now,
          .provider = provider.provider,
          .settings = provider.settings,
          .answered_by = answered_by(outcome.answers),
          .attempts = outcome.progress.attempts,
          .billed_micro_usd = outcome.progress.billed.micros(),
          .billing_unknown = outcome.progress.billing_unknown,
          .first_answers_unusable = outcome.first_answers_unusable,
          .unknown_finishes = unknown_finishes(outcome.answers),
          .program_version = std::string(kVersion)};
}

struct Asked {
  Plan plan;  // of a ladder: the part that was asked
  AskOutcome outcome;
  std::vector<long long> billed_after_rungs{};
};

Asked ask_ladder(const Plan& plan, const auto& ask_part) {
  Asked asked{first_of_ladder(plan, 0), {}};
  for (Climb reached = climb_of(asked.plan, {}); !reached.stop;) {
    asked.plan = first_of_ladder(plan, reached.to_ask);
    AskOutcome outcome = ask_part(asked.plan);
    add_earlier(outcome, asked.outcome);
    asked.outcome = std::move(outcome);
    if (asked.outcome.end != AskEnd::complete || !asked.outcome.in_doubt.empty()) return asked;
    const bool none_usable = asked.outcome.progress.refused == asked.outcome.answers.size();
    if (none_usable && asked.outcome.answers.size() == plan.questions.size()) return asked;  // make_record refuses it
    reached = climb_of(asked.plan, asked.outcome.answers);
    asked.billed_after_rungs.resize(reached.rungs.size(), asked.outcome.progress.billed.micros());
  }
  return asked;
}

}  // namespace

std::string new_execution_id() { return "exec-" + random_hex(6); }

namespace {

Recipe recipe_of(const CheckRequest& request, const ProviderFacts& facts, const std::string& execution_id) {
  Recipe recipe{
      .claim = parse_claim(request.claim), .model = facts.model, .mode = facts.mode, .sampling = request.sampling};
  if (request.fresh) recipe.mode.with("run", execution_id);
  if (request.readout != Readout::verbalized) {
    recipe.mode.with("readout", std::string(to_word(request.readout)));
    if (request.readout == Readout::frequency) recipe.mode.with("samples", fmt::format("{}", request.samples));
  }
  return recipe;
}

}  // namespace

Plan plan_check(const CheckRequest& request, const PromptBank& bank, const ProviderFacts& facts,
                const std::string& execution_id) {
  require_measurable(request.sampling, request.readout, request.samples);
  return make_plan(recipe_of(request, facts, execution_id), asked_bank(request, bank));
}

Plan outline_check(const CheckRequest& request, const PromptBank& bank, const ProviderFacts& facts,
                   const std::string& execution_id) {
  require_measurable(request.sampling, request.readout, request.samples);
  return outline_plan(recipe_of(request, facts, execution_id), asked_bank(request, bank));
}

PromptBank asked_bank(const CheckRequest& request, const PromptBank& bank) {
  const bool by_a_word = request.readout == Readout::token || request.readout == Readout::frequency;
  return by_a_word ? answered_by_a_word(bank) : bank;
}

void require_readable(const Provider& provider, Readout readout) {
  const std::string why = provider.why_not(readout);
  if (why.empty()) return;
  throw Error(ErrorKind::bad_input,
              fmt::format("{} cannot be read by {}: {}", provider.facts().model, to_word(readout), why),
              "see docs/readouts.md for what each readout needs");
}

void leave_out_refused(Provider& provider, RunStore& runs) {
  for (const std::string& parameter : runs.refused_parameters(provider.facts().model)) provider.leave_out(parameter);
}

Record run_check(const CheckRequest& request, const CheckPorts& ports) {
  const std::string execution_id = ports.execution_id.empty() ? new_execution_id() : ports.execution_id;
  const PromptBank named = ports.banks.get(request.bank);
  const PromptBank bank = asked_bank(request, named);
  require_readable(ports.provider, request.readout);
  RunStore& runs = ports.runs;
  leave_out_refused(ports.provider, runs);
  const Plan plan = plan_check(request, named, ports.provider.facts(), execution_id);
  const long long started = unix_seconds(ports.clock.now());
  auto held = runs.start(plan, bank, execution_id, config_json(plan, bank, request.seed).dump(), ports.owner, started);
  EndedIfThrown ended(runs, execution_id, ports.clock, std::move(held));

  AnswerStore answers(runs.database(), execution_id, plan.run_id);
  const auto ask_plan = [&](const Plan& part, AskObserver& observer) {
    return ask(part, ports.provider, answers, ports.clock, ports.stop, observer, request.ask);
  };
  const auto ask_part = [&](const Plan& part) {
    if (request.readout == Readout::verbalized) return ask_plan(part, ports.observer);
    return ask_in_parts(part, ports.provider.facts(), answers, ports.observer, ask_plan);
  };
  const Asked asked = plan.recipe.sampling.ladder ? ask_ladder(plan, ask_part) : Asked{plan, ask_part(plan)};
  const AskOutcome& outcome = asked.outcome;
  if (outcome.end == AskEnd::parameter_refused && ports.provider.leave_out(outcome.refused_parameter)) {
    // Keys name what was sent, so all is planned and asked anew without it.
    ended.at_once("failed");
    runs.remember_refused(plan.recipe.model, outcome.refused_parameter, outcome.failure->what(), started);
    ports.observer.on_wait(
        fmt::format("{} does not take {}: asking without it", plan.recipe.model, outcome.refused_parameter));
    return run_check(request, ports);
  }
  if (outcome.end != AskEnd::complete || !outcome.in_doubt.empty()) {
    ended.at_once(is_stopped(outcome) ? "stopped" : "failed");
    throw_incomplete(outcome);
  }

  const long long finished = unix_seconds(ports.clock.now());
  ExecutionFacts facts = facts_of(outcome, ports.provider.facts(), execution_id, started, finished);
  facts.billed_after_rungs = asked.billed_after_rungs;
  Record record = make_record(asked.plan, bank, outcome.answers, request.seed, request.seed_source, std::move(facts));
  runs.finish(record, ports.database_path.empty() ? "" : write_artifact(record, ports.database_path));
  ended.not_needed();
  return record;
}

}  // namespace heretix
