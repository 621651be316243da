#include "cli/expected_cost.hpp"

#include <fmt/format.h>

#include <algorithm>
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

// What all claims of one model would cost.
struct CostOfModel {
  const ProviderFacts* facts;
  ExpectedCost sum{.about = Usd(), .most = Usd()};
};

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
  if (!std::filesystem::exists(database_path)) return std::vector<bool>(plan.questions.size(), false);
  return stored_in(plan, *open_harness_file(database_path, {.access = Access::read_only}));
}

CheckRequest as_remembered_in(const Resolved& resolved, const PromptBank& bank, Provider& provider) {
  if (!std::filesystem::exists(resolved.database_path)) return resolved.request;
  const auto database = open_harness_file(resolved.database_path, {.access = Access::read_only});
  RunStore runs(*database);
  return as_remembered(as_profiled(resolved, provider, *database), bank, provider, runs);
}

PlannedCheck plan_resolved(const Resolved& resolved, Provider& provider, Database& database) {
  RunStore runs(database);
  return plan_check(as_profiled(resolved, provider, database), resolved.banks, provider, runs);
}

void tell_expected_cost(const std::vector<ClaimToAsk>& claims) {
  std::set<std::string> told;
  for (const auto& [resolved, provider, database] : claims) {
    const std::string text = together_in_words(resolved, provider, database);
    if (!text.empty() && told.insert(text).second) print_note(text);
  }

  std::vector<CostOfModel> models;  // those that are paid for, in the order of the first claim
  std::set<std::string_view> different;
  for (const ClaimToAsk& claim : claims) {
    const ProviderFacts& facts = claim.provider.facts();
    if (costs_nothing(facts)) continue;
    const ExpectedCost expected = expected_cost(claim);
    if (expected.questions == 0) continue;
    different.insert(claim.resolved.request.claim);
    auto model = std::ranges::find_if(models, [&](const CostOfModel& one) {
      return one.facts->model == facts.model && one.facts->provider == facts.provider;
    });
    if (model == models.end()) model = models.insert(models.end(), CostOfModel{.facts = &facts});
    model->sum += expected;
  }
  if (models.empty()) return;

  // The note of an unknown price says what to do, so it is the one that is shown for the sum.
  ExpectedCost sum{.about = Usd(), .most = Usd()};
  for (const CostOfModel& model : models) sum += model.sum;
  const auto unknown = std::ranges::find_if(models, [](const CostOfModel& model) { return !model.sum.most; });
  const ProviderFacts& shown = unknown == models.end() ? *models[0].facts : *unknown->facts;
  const std::string asked = models.size() == 1 ? "" : fmt::format(" by {} models", models.size());
  print_note(fmt::format("asking {} questions about {} {}{}; cost: {}", sum.questions, different.size(),
                         different.size() == 1 ? "claim" : "claims", asked, sum.text(shown)));
  if (models.size() == 1) return;
  for (const CostOfModel& model : models)
    print_note(
        fmt::format("  {}: {} questions, {}", model.facts->model, model.sum.questions, model.sum.text(*model.facts)));
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
