#include "cli/expected_cost.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <string_view>

#include "belief/readout/parts.hpp"
#include "cli/statements_together.hpp"
#include "cli/terminal.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

constexpr long kCharactersPerToken = 4;  // of English text, roughly
constexpr long kAnswerTokens = 150;      // of the agreed form with a few reasons; reasoning models think on top

std::vector<bool> stored_in(const Plan& plan, Database& database) {
  RunStore runs(database);
  std::vector<bool> stored;
  for (const Question& q : plan.questions)
    stored.push_back(q.is_part ? runs.answer_row(q.cache_key, 1).has_value() : runs.sample(q.cache_key).has_value());
  return stored;
}

// Nothing is expected of what is free or played.
bool costs_nothing(const ProviderFacts& facts) {
  return facts.mode.is_mock() || (facts.price && facts.price->is_free());
}

ExpectedCost expected_of(const Plan& plan, const ProviderFacts& facts, Database& database) {
  if (costs_nothing(facts)) return {};
  const Plan sent = plan_to_send(plan);
  return expected_cost(sent, facts, stored_in(sent, database));
}

}  // namespace

ExpectedCost& ExpectedCost::operator+=(const ExpectedCost& other) {
  questions += other.questions;
  tokens_in += other.tokens_in;
  tokens_out += other.tokens_out;
  const bool is_known = about && most && other.about && other.most;
  about = is_known ? std::optional(*about + *other.about) : std::nullopt;
  most = is_known ? std::optional(*most + *other.most) : std::nullopt;
  return *this;
}

ExpectedCost ExpectedCost::times(double factor) const {
  const auto scaled = [&](const std::optional<Usd>& cost) {
    return cost ? std::optional(Usd::from_micros(std::llround(static_cast<double>(cost->micros()) * factor)))
                : std::nullopt;
  };
  const auto count = [&](auto number) { return std::llround(static_cast<double>(number) * factor); };
  return {.questions = static_cast<std::size_t>(count(questions)),
          .tokens_in = static_cast<long>(count(tokens_in)),
          .tokens_out = static_cast<long>(count(tokens_out)),
          .about = scaled(about),
          .most = scaled(most)};
}

ExpectedCost expected_cost(const ClaimToAsk& claim) {
  const Plan sent = plan_to_send(plan_resolved(claim.resolved, claim.provider, claim.database).plan);
  return expected_cost(sent, claim.provider.facts(), stored_in(sent, claim.database));
}

std::string ExpectedCost::text(const ProviderFacts& facts) const {
  if (!most || !about) return fmt::format("unknown: {} (--price, --prices)", facts.cost_note);
  const std::string note = facts.cost_note.empty() ? "" : " (" + facts.cost_note + ")";
  if (facts.price->is_free()) return "at most " + to_text(Usd()) + note;
  return fmt::format("about {}, at most {}{}", to_text(*about), to_text(*most), note);
}

Plan plan_to_send(const Plan& plan) {
  return plan.recipe.readout() == Readout::verbalized ? plan : Parts(plan).to_ask();
}

ExpectedCost expected_cost(const Plan& plan, const ProviderFacts& facts, const std::vector<bool>& stored) {
  ExpectedCost expected;
  if (facts.price) expected.about = expected.most = Usd();
  const bool by_decisions = plan.recipe.readout() == Readout::decision;
  for (std::size_t i = 0; i < plan.questions.size(); ++i) {
    if (stored[i]) continue;
    const Question& question = plan.questions[i];
    const long tokens_in = static_cast<long>(plan.system_text.size() + question.user_text.size()) / kCharactersPerToken;
    const long usual = by_decisions ? 0 : question.is_part ? kPartTokens : kAnswerTokens;
    const long tokens_out = std::min<long>(usual, plan.recipe.sampling.max_output_tokens);
    ++expected.questions;
    expected.tokens_in += tokens_in;
    expected.tokens_out += tokens_out;
    if (!facts.price) continue;
    *expected.most += most_cost_of(*facts.price, plan, question);
    *expected.about +=
        cost_of(by_decisions ? for_decisions(*facts.price) : *facts.price, {.input = tokens_in, .output = tokens_out})
            .value_or(Usd());
  }
  return expected;
}

std::vector<bool> stored_answers(const Plan& plan, const std::string& database_path) {
  std::error_code unseen;
  if (!std::filesystem::exists(database_path, unseen)) return std::vector<bool>(plan.questions.size(), false);
  return stored_in(plan, *open_harness_file(database_path, {.access = Access::read_only}));
}

CheckRequest as_remembered_in(const Resolved& resolved, const PromptBank& bank, Provider& provider) {
  std::error_code unseen;
  if (!std::filesystem::exists(resolved.database_path, unseen)) return resolved.request;
  const auto database = open_harness_file(resolved.database_path, {.access = Access::read_only});
  RunStore runs(*database);
  return as_remembered(as_profiled(resolved, provider, *database), bank, provider, runs);
}

PlannedCheck plan_resolved(const Resolved& resolved, Provider& provider, Database& database) {
  RunStore runs(database);
  return plan_check(as_profiled(resolved, provider, database), resolved.banks, provider, runs);
}

void ExpectedOfSet::add(const ClaimToAsk& claim, const std::optional<ExpectedCost>& known) {
  ++added_;
  const std::string together = together_in_words(claim.resolved, claim.provider, claim.database);
  if (!together.empty() && together_.insert(together).second) print_note(together);

  const ProviderFacts& facts = claim.provider.facts();
  if (costs_nothing(facts)) return;
  const ExpectedCost expected = known ? *known : expected_cost(claim);
  if (expected.questions == 0) return;

  claims_.insert(claim.resolved.request.claim);
  auto model = std::ranges::find_if(models_, [&](const OfModel& one) {
    return one.facts->model == facts.model && one.facts->provider == facts.provider;
  });
  if (model == models_.end()) model = models_.insert(models_.end(), OfModel{.facts = &facts});
  model->sum += expected;
}

void ExpectedOfSet::tell(std::size_t sample_of) const {
  if (models_.empty()) return;
  const double factor = sample_of == 0 ? 1 : static_cast<double>(sample_of) / static_cast<double>(added_);
  const auto sum_of = [&](const OfModel& model) { return factor == 1 ? model.sum : model.sum.times(factor); };

  // The note of an unknown price says what to do, so it is the one that is shown for the sum.
  ExpectedCost sum{.about = Usd(), .most = Usd()};
  for (const OfModel& model : models_) sum += sum_of(model);
  const auto unknown = std::ranges::find_if(models_, [](const OfModel& model) { return !model.sum.most; });
  const ProviderFacts& shown = unknown == models_.end() ? *models_[0].facts : *unknown->facts;

  const std::string asked = models_.size() == 1 ? "" : fmt::format(" by {} models", models_.size());
  const auto claims = static_cast<std::size_t>(std::llround(static_cast<double>(claims_.size()) * factor));
  const std::string by_sample = factor == 1 ? "" : fmt::format("; estimated from {} of {} checks", added_, sample_of);
  print_note(fmt::format("asking {}{} questions about {} {}{}; cost: {}{}", factor == 1 ? "" : "about ", sum.questions,
                         claims, claims == 1 ? "claim" : "claims", asked, sum.text(shown), by_sample));
  if (models_.size() == 1) return;
  for (const OfModel& model : models_) {
    const ExpectedCost of_model = sum_of(model);
    print_note(
        fmt::format("  {}: {} questions, {}", model.facts->model, of_model.questions, of_model.text(*model.facts)));
  }
}

void tell_expected_cost(const std::vector<ClaimToAsk>& claims) {
  ExpectedOfSet expected;
  for (const ClaimToAsk& claim : claims) expected.add(claim);
  expected.tell();
}

void tell_expected_cost(const PlannedCheck& check, const Resolved& resolved, Provider& provider, Database& database) {
  const std::string together = together_in_words(resolved, provider, database);
  if (!together.empty()) print_note(together);

  const ProviderFacts& facts = provider.facts();
  const ExpectedCost expected = expected_of(check.plan, facts, database);
  if (expected.questions == 0) return;
  print_note(fmt::format("asking {} {} questions; cost: {}", facts.model, expected.questions, expected.text(facts)));
}

}  // namespace heretix
