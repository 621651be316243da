#include "studies/probe/run_probe.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/version.hpp"
#include "measure/answer_store.hpp"
#include "measure/ownership.hpp"
#include "measure/run_check.hpp"
#include "measure/run_store.hpp"
#include "studies/probe/profile_store.hpp"

namespace heretix {
namespace {

constexpr std::size_t kIdBytes = 6;

ProbeDesign design_of(const ProbeRequest& request, const Provider& provider) {
  if (request.repeats < 2 || request.repeats > kMostProbeRepeats)
    throw Error(ErrorKind::bad_input,
                fmt::format("repeats is {}; it must be from 2 to {}", request.repeats, kMostProbeRepeats),
                "give a number of repeats in that range");
  return {.bank = request.bank,
          .model = provider.facts().model,
          .mode = provider.facts().mode,
          .probe_id = {},
          .repeats = request.repeats,
          .most_together = provider.most_together()};
}

// The probe asks plan after plan; whoever watches sees one task.
class WholeProbe final : public AskObserver {
 public:
  WholeProbe(AskObserver& observer, std::size_t questions) : observer_(observer), questions_(questions) {}

  void on_progress(const AskProgress& progress, const std::vector<std::optional<Answer>>& /*answers*/) override {
    observer_.on_progress(with(progress), {});
  }
  void on_wait(const std::string& why) override { observer_.on_wait(why); }

  void add(const AskProgress& progress) { before_ = with(progress); }
  AskProgress so_far() const { return before_; }

 private:
  AskProgress with(const AskProgress& progress) const {
    AskProgress sum = before_;
    sum += progress;
    sum.questions = questions_;
    return sum;
  }

  AskObserver& observer_;
  std::size_t questions_;
  AskProgress before_{};
};

// Everything that one execution of a probe asks, and what it has seen so far.
class Probing {
 public:
  Probing(ProbeDesign design, const ProbeRequest& request, const ProbePorts& ports)
      : design_(std::move(design)),
        request_(request),
        ports_(ports),
        runs_(ports.database),
        watched_(ports.observer, questions_of(design_)) {
    for (std::size_t claim = 0; claim < probe_claims().size(); ++claim) {
      for (std::size_t wording = 0; wording < design_.bank.paraphrases.size(); ++wording)
        seen_.statements.push_back({.claim = claim, .wording = wording});
    }
  }

  ProbeSeen ask_all() {
    for (int i = 0; i < kOneByOne; ++i) ask_one_by_one(i);
    for (std::size_t claim = 0; claim < probe_claims().size(); ++claim) {
      ask_claim(claim, Way::alone);
      ask_under_other_states(claim);
    }
    for (const Way way : {Way::together, Way::reversed, Way::renamed}) ask_together(way);

    // A model that shifts among six shifts among more, and its requests are the longest ones.
    if (profile_of(design_, seen_).isolation.allows()) ask_together(Way::company);
    return std::move(seen_);
  }

 private:
  StatementSeen& statement(std::size_t claim, int wording) {
    return seen_.statements[claim * design_.bank.paraphrases.size() + static_cast<std::size_t>(wording)];
  }

  AskOutcome ask_plan(const Plan& plan) {
    AnswerStore answers(ports_.database, ExecutionId{design_.probe_id}, plan.run_id);
    AskOutcome outcome = ask(plan, ports_.provider, answers, ports_.clock, ports_.stop, watched_, request_.ask);
    watched_.add(outcome.progress);
    return outcome;
  }

  std::vector<std::optional<Answer>> complete(AskOutcome outcome) {
    AskOutcome whole = outcome;
    whole.progress = watched_.so_far();
    whole.progress.questions = questions_of(design_);
    require_complete(whole);
    return std::move(outcome.answers);
  }

  // The number that was stated, where it can be used.
  std::optional<double> number_in(const std::optional<Answer>& answer) {
    if (!answer) return std::nullopt;
    ++seen_.answers;
    if (!answer->model_version.empty()) ++seen_.answered_by[answer->model_version];
    if (answer->verdict.usable()) return answer->verdict.prob_true.value().value();
    ++seen_.unusable;
    return std::nullopt;
  }

  void count_cost(Way way, const Answer& answer) {
    const auto [place, is_first] = seen_.costs.try_emplace(way);
    CostSeen& cost = place->second;
    if (is_first) cost = {.questions = 0, .billed = Usd(), .tokens_in = 0};
    ++cost.questions;

    const auto row = runs_.answer_row(answer.cache_key, answer.attempt);
    const auto picos = row ? row->integer("billed_pico_usd") : std::nullopt;
    if (!picos) cost.billed = std::nullopt;
    else if (cost.billed) *cost.billed += Usd::from_picos(*picos);
    if (!answer.tokens_in) cost.tokens_in = std::nullopt;
    else if (cost.tokens_in) *cost.tokens_in += *answer.tokens_in;
  }

  void ask_one_by_one(int number) {
    const auto answers = complete(ask_plan(probe_plan_one_by_one(design_, number)));
    if (number_in(answers[0])) seen_.milliseconds.push_back(answers[0]->latency_ms);
  }

  void keep_numbers(const Plan& plan, std::size_t claim, Way way, const std::vector<std::optional<Answer>>& answers) {
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Question& question = plan.questions[i];
      if (answers[i]) count_cost(way, *answers[i]);
      const auto number = number_in(answers[i]);
      if (!number) continue;
      StatementSeen& of = statement(claim, question.paraphrase_idx);
      if (question.is_negation) of.negation = number;
      else of.numbers[way].push_back(*number);
    }
  }

  void ask_claim(std::size_t claim, Way way) {
    const Plan plan = probe_plan(design_, claim, way);
    keep_numbers(plan, claim, way, complete(ask_plan(plan)));
  }

  void ask_under_other_states(std::size_t claim) {
    for (const ProbeState& state : probe_states()) {
      const Plan plan = probe_plan_under(design_, claim, state);
      const auto answers = complete(ask_plan(plan));
      for (std::size_t i = 0; i < answers.size(); ++i)
        statement(claim, plan.questions[i].paraphrase_idx).under.push_back(number_in(answers[i]));
    }
  }

  // A service that takes no request with several questions has answered what the probe wants to know.
  void ask_together(Way way) {
    if (design_.together(way) == 1 || !seen_.refused_together.empty()) return;
    for (std::size_t claim = 0; claim < probe_claims().size(); ++claim) {
      const Plan plan = probe_plan(design_, claim, way);
      AskOutcome outcome = ask_plan(plan);
      const bool is_refused = outcome.failure && (outcome.failure->kind() == ErrorKind::bad_input ||
                                                  outcome.failure->kind() == ErrorKind::too_large);
      if (is_refused) {
        seen_.refused_together = outcome.failure->what();
        return;
      }
      keep_numbers(plan, claim, way, complete(std::move(outcome)));
    }
  }

  ProbeDesign design_;
  const ProbeRequest& request_;
  const ProbePorts& ports_;
  RunStore runs_;
  WholeProbe watched_;
  ProbeSeen seen_;
};

std::unique_ptr<HeldName> held_alone(Database& database, const std::string& probe_id) {
  if (database.is_held(probe_id))
    throw Error(ErrorKind::conflict, "another heretix is probing this model for this store",
                "wait for it to end, or begin a separate probe: --fresh");
  return database.hold(probe_id);
}

}  // namespace

ProbeOutline outline_probe(const ProbeRequest& request, const Provider& provider) {
  const ProbeDesign design = design_of(request, provider);
  ProbeOutline outline{.questions = questions_of(design)};
  const auto& price = provider.facts().price;
  if (!price) return outline;

  Usd dearest;
  for (std::size_t claim = 0; claim < probe_claims().size(); ++claim) {
    const Plan plan = probe_plan(design, claim, Way::alone);
    for (const Question& question : plan.questions) dearest = std::max(dearest, most_cost_of(*price, plan, question));
  }
  outline.most = dearest * static_cast<std::int64_t>(outline.questions);
  return outline;
}

Profile run_probe(const ProbeRequest& request, const ProbePorts& ports) {
  ProbeDesign design = design_of(request, ports.provider);
  const ProbedModel model = probed_model(ports.provider.facts());
  ProfileStore profiles(ports.database);
  design.probe_id = profiles.begin("probe-" + random_hex(kIdBytes), model, design.text(), request.fresh,
                                   unix_seconds(ports.clock.now()));
  const auto held = held_alone(ports.database, design.probe_id);

  // What was asked before comes from the store, so each look pays only for the repeats that it adds.
  Profile profile = profile_of(design, Probing(design, request, ports).ask_all());
  for (int look = 1; look < kMostLooks && profile.isolation.is_open; ++look) {
    design.repeats *= 2;
    ports.observer.on_wait(
        fmt::format("noise hides how far numbers shift in company: asking each question {} times", design.repeats));
    profile = profile_of(design, Probing(design, request, ports).ask_all());
  }
  profile.address = model.address;
  profile.started_at = profiles.started_at(design.probe_id);
  profile.finished_at = unix_seconds(ports.clock.now());
  profile.program_version = std::string(kVersion);
  profiles.finish(profile);
  return profile;
}

}  // namespace heretix
