#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "ask/answer_store.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/session.hpp"
#include "cli/terminal.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

constexpr long kCharactersPerToken = 4;  // of English text, roughly; the bill is never computed from it
constexpr long kAnswerTokens = 60;       // of the agreed form without reasons

// Without a file, or without our tables in it, `samples` alone is looked at.
std::vector<bool> stored_answers(const Plan& plan, const std::string& path) {
  std::vector<bool> stored(plan.questions.size(), false);
  if (!std::filesystem::exists(path)) return stored;
  const auto database = open_harness_file(path, {.access = Access::read_only});
  RunStore runs(*database);
  for (std::size_t i = 0; i < plan.questions.size(); ++i)
    stored[i] = runs.sample(plan.questions[i].cache_key).has_value();
  return stored;
}

std::string cost_text(const ProviderFacts& facts, std::size_t questions) {
  if (!facts.max_cost_per_answer) return "unknown: no price is known for this model";
  const MicroUsd most = *facts.max_cost_per_answer * static_cast<std::int64_t>(questions);
  const std::string note = facts.cost_note.empty() ? "" : " (" + facts.cost_note + ")";
  return fmt::format("at most ${:.4f}{}", static_cast<double>(most.micros()) / 1e6, note);
}

PlanFacts facts_of(const Plan& plan, const Resolved& resolved, const ProviderFacts& provider) {
  PlanFacts facts;
  const bool given = resolved.request.seed.has_value();
  std::vector<std::string> all;
  for (const PlannedTemplate& t : plan.templates) all.push_back(t.prompt_sha256);
  facts.seed = std::to_string(given ? *resolved.request.seed : derived_seed(plan.recipe, plan.prompt_version, all));
  facts.seed_source =
      given ? std::string(to_word(resolved.request.seed_source)) : "derived, if every template gets a usable answer";
  const std::vector<bool> stored = stored_answers(plan, resolved.database_path);
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (stored[i]) {
      ++facts.stored;
      continue;
    }
    facts.expected_tokens_in +=
        static_cast<long>(plan.system_text.size() + plan.questions[i].user_text.size()) / kCharactersPerToken;
    facts.expected_tokens_out += kAnswerTokens;
  }
  facts.expected_cost = cost_text(provider, plan.questions.size() - facts.stored);
  return facts;
}

nlohmann::json to_json(const Plan& plan, const PlanFacts& facts, const PromptBank& bank,
                       std::optional<std::uint64_t> seed) {
  nlohmann::json questions = nlohmann::json::array();
  for (const Question& q : plan.questions) {
    questions.push_back({{"paraphrase_idx", q.paraphrase_idx},
                         {"replicate_idx", q.replicate_idx},
                         {"prompt_sha256", q.prompt_sha256},
                         {"cache_key", q.cache_key}});
  }
  return {{"run_id", plan.run_id},
          {"config", config_json(plan, bank, seed)},
          {"sampler", sampler_json(plan)},
          {"seed", facts.seed},
          {"seed_source", facts.seed_source},
          {"stored_answers", facts.stored},
          {"expected_tokens_in", facts.expected_tokens_in},
          {"expected_tokens_out", facts.expected_tokens_out},
          {"expected_cost", facts.expected_cost},
          {"questions", questions}};
}

}  // namespace

int describe_command(const Options& options) {
  const Resolved resolved = resolve(options);
  parse_claim(resolved.request.claim);
  const auto provider = make_provider(resolved.settings);
  const PromptBank bank = PromptBanks(resolved.prompts).get(resolved.request.bank);
  const Plan plan = plan_check(resolved.request, bank, provider->facts());
  const PlanFacts facts = facts_of(plan, resolved, provider->facts());
  if (options.json) print_result(to_json(plan, facts, bank, resolved.request.seed).dump(2) + "\n");
  else print_result(plan_text(plan, facts, text_style(resolved.no_color)));
  return kDone;
}

}  // namespace heretix
