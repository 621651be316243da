#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/describing.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal.hpp"
#include "measure/answer_store.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

PlanFacts facts_of(const Plan& plan, const Resolved& resolved, const ProviderFacts& provider, ExpectedCost& expected) {
  PlanFacts facts;
  const bool given = resolved.request.seed.has_value();
  std::vector<std::string> all;
  for (const PlannedTemplate& t : plan.templates) all.push_back(t.prompt_sha256);
  facts.seed = std::to_string(given ? *resolved.request.seed : derived_seed(plan.recipe, plan.prompt_version, all));
  facts.seed_source =
      given ? std::string(to_word(resolved.request.seed_source)) : "derived, if every template gets a usable answer";
  const Plan sent = plan_to_send(plan);
  expected = expected_cost(sent, provider, stored_answers(sent, resolved.database_path));
  facts.sent = sent.questions.size();
  facts.stored = sent.questions.size() - expected.questions;
  facts.expected_tokens_in = expected.tokens_in;
  facts.expected_tokens_out = expected.tokens_out;
  facts.expected_cost = expected.text(provider);
  return facts;
}

}  // namespace

nlohmann::json to_json(const Description& description) {
  const auto& [plan, bank, facts, cost, seed, is_free, no_color] = description;
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

Description description_of(const MeasuringOptions& options) {
  const Resolved resolved = resolve_for_run(options);
  parse_claim(resolved.request.claim);
  const auto provider = make_provider(resolved.settings, Asks::nothing);
  const PromptBank bank = named_bank(resolved.request, resolved.banks);
  const CheckRequest request = as_remembered_in(resolved, bank, *provider);
  Description description{
      .plan = plan_as_given(request, bank, provider->facts()), .bank = bank, .facts = {}, .cost = {}};
  description.facts = facts_of(description.plan, resolved, provider->facts(), description.cost);
  description.seed = resolved.request.seed;
  description.is_free = provider->facts().price && provider->facts().price->is_free();
  description.no_color = resolved.no_color;
  return description;
}

namespace {

int describe_command(const MeasuringOptions& options) {
  const Description description = description_of(options);
  if (options.json) print_result(to_json(description).dump(2) + "\n");
  else print_text(plan_text(description.plan, description.facts, text_style(description.no_color)));
  return kDone;
}

}  // namespace

void register_describe(CommandTable& table) {
  const auto [describe, o] =
      table.add<MeasuringOptions>("describe", "print the plan and send nothing", describe_command);
  add_claim(describe, o.flags.claim, "one statement; it can also be given in --config");
  add_ladder_option(describe, o);
  add_plan_options(describe, o);
  add_json(describe, o);
}

}  // namespace heretix
