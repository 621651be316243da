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

ExpectedCost expected_of(const Resolved& resolved, Provider& provider, Database& database) {
  if (costs_nothing(provider.facts())) return {};
  return expected_of(plan_resolved(resolved, provider, database).plan, provider.facts(), database);
}

}  // namespace

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

  ExpectedCost sum{.about = Usd(), .most = Usd()};
  const ProviderFacts* facts = nullptr;  // of one that is paid for
  std::set<std::string_view> different;
  for (const auto& [resolved, provider, database] : claims) {
    const ExpectedCost expected = expected_of(resolved, provider, database);
    if (expected.questions == 0) continue;
    facts = &provider.facts();
    different.insert(resolved.request.claim);
    sum.questions += expected.questions;
    if (!expected.most || !expected.about) sum.most = std::nullopt;
    if (sum.most) {
      *sum.most += *expected.most;
      *sum.about += *expected.about;
    }
  }
  if (facts == nullptr) return;
  print_note(fmt::format("asking {} questions about {} {}; cost: {}", sum.questions, different.size(),
                         different.size() == 1 ? "claim" : "claims", sum.text(*facts)));
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
