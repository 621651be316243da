#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "belief/answer/tally.hpp"
#include "belief/plan/plan.hpp"
#include "belief/selftest/sections.hpp"

namespace heretix::selftest {
namespace {

using nlohmann::json;

Recipe recipe_of(const json& input) {
  Recipe recipe;
  recipe.claim = {input.at("claim").get<std::string>()};
  recipe.model = ModelName(input.at("model").get<std::string>());
  recipe.sampling.slots = input.at("K");
  recipe.sampling.replicates = input.at("R");
  if (!input.at("T").is_null()) recipe.sampling.templates = input.at("T").get<int>();
  if (input.contains("B")) recipe.sampling.draws = input.at("B");
  if (input.contains("max_output_tokens")) recipe.sampling.max_output_tokens = input.at("max_output_tokens");
  if (input.value("provider_mode", "LIVE") == "MOCK") recipe.mode = Mode::mock();
  return recipe;
}

// The golden file does not fix the texts, only how many there are.
PromptBank numbered_bank(const std::string& version, std::size_t size) {
  PromptBank bank{
      .version = version, .system = "s", .schema = "j", .user_template = "{CLAIM}", .paraphrases = {}, .source = {}};
  for (std::size_t i = 0; i < size; ++i) bank.paraphrases.push_back(std::to_string(i));
  return bank;
}

Tally all_usable(const Plan& plan) {
  Answer answer;
  answer.verdict = {.prob_true = Probability{0.5}, .reason = std::nullopt};
  return tally(plan, std::vector<std::optional<Answer>>(plan.questions.size(), answer));
}

void compare_run(const std::string& id, const Plan& plan, const json& expected, Comparison& comparison) {
  const Tally counted = all_usable(plan);
  comparison.same(id + " run_error", counted.usable < kMinAnswers, !expected.at("run_error").is_null());
  if (!expected.at("run_error").is_null()) return;
  std::vector<int> order;
  for (const PlannedTemplate& t : plan.templates) order.push_back(t.paraphrase_idx);
  comparison.same(id + " estimator_key_order", order,
                  expected.at("estimator_key_order_bank_idx").get<std::vector<int>>());
  const Estimate e = estimate(counted.by_template, {.seed = 0, .draws = 1});
  comparison.same_bits(id + " run_imbalance_ratio", e.imbalance, expected.at("run_imbalance_ratio"));
}

std::vector<int> local_order(const Plan& plan) {
  std::vector<int> local;
  for (const int bank_index : plan.slot_order) {
    local.push_back((bank_index - plan.rotation + plan.bank_size) % plan.bank_size);
  }
  return local;
}

}  // namespace

void sampler_cases(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const std::string id = c.at("id");
    const json& input = c.at("input");
    const json& expected = c.at("expected");
    const Plan plan =
        read_plan(recipe_of(input), numbered_bank(input.at("prompt_version_full"), input.at("bank_size")));
    comparison.same(id + " rotation_offset", plan.rotation, expected.at("rotation_offset").get<int>());
    comparison.same(id + " T_effective", plan.templates_selected(), expected.at("T_effective").get<int>());
    comparison.same(id + " template_order", plan.template_order, expected.at("template_order").get<std::vector<int>>());
    comparison.same(id + " sequence_bank", plan.slot_order, expected.at("sequence_bank").get<std::vector<int>>());
    comparison.same(id + " sequence_local", local_order(plan), expected.at("sequence_local").get<std::vector<int>>());
    comparison.same(id + " planned_counts", plan.planned_counts, expected.at("planned_counts").get<std::vector<int>>());
    comparison.same_bits(id + " planned_imbalance_ratio", plan.planned_imbalance,
                         expected.at("planned_imbalance_ratio"));
    std::vector<std::pair<int, int>> work;
    for (const Question& q : plan.questions) work.emplace_back(q.paraphrase_idx, q.replicate_idx);
    comparison.same(id + " work_items", work, expected.at("work_items").get<std::vector<std::pair<int, int>>>());
    compare_run(id, plan, expected, comparison);
  }
}

void sampler_balanced(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const int templates = c.at("T");
    const std::vector<int> sequence =
        balanced_indices({.templates = templates, .slots = c.at("K"), .offset = c.at("offset")});
    const std::string place =
        fmt::format("T={} K={} offset={}", templates, c.at("K").get<int>(), c.at("offset").get<int>());
    comparison.same(place, sequence, c.at("sequence").get<std::vector<int>>());
    std::vector<int> counts(static_cast<std::size_t>(templates), 0);
    for (const int t : sequence) ++counts[static_cast<std::size_t>(t)];
    comparison.same(place + " counts", counts, c.at("planned_counts").get<std::vector<int>>());
  }
}

void keys_cases(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const std::string id = c.at("id");
    const json& input = c.at("input");
    const json& expected = c.at("expected");

    const PromptBank bank{.version = input.at("prompt_version_full"),
                          .system = input.at("system"),
                          .schema = input.at("schema_instructions"),
                          .user_template = input.at("user_template"),
                          .paraphrases = input.at("paraphrases").get<std::vector<std::string>>(),
                          .source = id};

    const Plan plan = read_plan(recipe_of(input), bank);
    comparison.same(id + " run_id", plan.run_id.text(), expected.at("run_id").get<std::string>());
    comparison.same(id + " prompt_char_len_max", plan.longest_prompt, expected.at("prompt_char_len_max").get<int>());
    comparison.same(id + " prompt_bank_sha256", plan.bank_sha256, expected.at("prompt_bank_sha256").get<std::string>());

    std::vector<std::string> keys;
    for (const PlannedTemplate& t : plan.templates) keys.push_back(t.prompt_sha256);
    comparison.same(id + " template_keys_in_order", keys,
                    expected.at("template_keys_in_order").get<std::vector<std::string>>());
    comparison.same(id + " bootstrap_seed", std::to_string(derived_seed(plan.recipe, bank.version, keys)),
                    expected.at("bootstrap_seed").get<std::string>());

    comparison.same(id + " questions", plan.questions.size(), expected.at("work").size());
    for (std::size_t i = 0; i < std::min(plan.questions.size(), expected.at("work").size()); ++i) {
      const json& work = expected["work"][i];
      const Question& q = plan.questions[i];
      const std::string place = fmt::format("{} question {}", id, i);
      comparison.same(place + " paraphrase_idx", q.paraphrase_idx, work.at("paraphrase_idx").get<int>());
      comparison.same(place + " replicate_idx", q.replicate_idx, work.at("replicate_idx").get<int>());
      comparison.same(place + " prompt_sha256", q.prompt_sha256, work.at("prompt_sha256").get<std::string>());
      comparison.same(place + " cache_key", q.cache_key, work.at("cache_key").get<std::string>());
    }
  }
}

void keys_seeds(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const json& input = c.at("input");
    Recipe recipe;
    recipe.claim = {input.at("claim").get<std::string>()};
    recipe.model = ModelName(input.at("model").get<std::string>());
    recipe.sampling.slots = input.at("k");
    recipe.sampling.replicates = input.at("r");
    recipe.sampling.draws = input.at("B");
    const std::uint64_t seed =
        derived_seed(recipe, input.at("prompt_version"), input.at("template_hashes").get<std::vector<std::string>>(),
                     input.at("center"), input.at("trim_as_python_str"));
    comparison.same(
        fmt::format("seed of K={} trim={}", recipe.sampling.slots, input.at("trim_as_python_str").get<std::string>()),
        std::to_string(seed), c.at("bootstrap_seed").get<std::string>());
  }
}

}  // namespace heretix::selftest
