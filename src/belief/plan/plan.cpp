#include "belief/plan/plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <set>
#include <unordered_map>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "belief/estimate/shuffle.hpp"
#include "belief/plan/outline.hpp"

namespace heretix {
namespace {

constexpr std::size_t kIdCharacters = 12;

int rotation_of(const Recipe& recipe, const PromptBank& bank) {
  const std::string hash = sha256_hex(fmt::format("{}|{}|{}", recipe.claim.text, recipe.model, bank.version));
  std::uint32_t head = 0;
  std::from_chars(hash.data(), hash.data() + 8, head, 16);
  return static_cast<int>(head % bank.paraphrases.size());
}

std::vector<int> rotated_order(int rotation, const PromptBank& bank, int selected) {
  const int bank_size = static_cast<int>(bank.paraphrases.size());
  std::vector<int> order(static_cast<std::size_t>(selected));
  for (int i = 0; i < selected; ++i) order[static_cast<std::size_t>(i)] = (rotation + i) % bank_size;
  return order;
}

RecipeId run_id_of(const Recipe& recipe, const std::string& version) {
  std::string named = fmt::format("{}|{}|{}|K={}|R={}", recipe.claim.text, recipe.model, version, recipe.sampling.slots,
                                  recipe.sampling.replicates);
  if (const std::string mode = recipe.mode.recipe_text(); mode != "LIVE") named += "|" + mode;
  if (const auto& ladder = recipe.sampling.ladder) {
    named += fmt::format("|ladder={}|target={}|level=0.95", fmt::join(ladder->rungs, ","), ladder->target);
    if (ladder->rule != LadderRule::honest_v1) named += fmt::format("|rule={}", to_word(ladder->rule));
  }
  return RecipeId{"heretix-rpl-" + sha256_hex(named).substr(0, kIdCharacters)};
}

// The whole bank, shuffled; of paraphrases with equal text only the first.
std::vector<int> shuffled_order(const Recipe& recipe, const PromptBank& bank) {
  std::vector<int> order(bank.paraphrases.size());
  std::iota(order.begin(), order.end(), 0);
  Rng rng(ladder_seed(recipe, bank.version));
  shuffle(order, rng);
  std::set<std::string_view> seen;
  std::erase_if(order, [&](int t) { return !seen.insert(bank.paraphrases[static_cast<std::size_t>(t)]).second; });
  return order;
}

void fill_slots(Plan& plan) {
  if (plan.recipe.sampling.ladder) {
    plan.slot_order = plan.template_order;
    plan.planned_counts.assign(plan.template_order.size(), 1);
    return;
  }
  const int selected = plan.templates_selected();
  plan.planned_counts.assign(plan.template_order.size(), 0);
  for (const int local : balanced_indices({.templates = selected, .slots = plan.recipe.sampling.slots})) {
    plan.slot_order.push_back(plan.template_order[static_cast<std::size_t>(local)]);
    ++plan.planned_counts[static_cast<std::size_t>(local)];
  }
  std::vector<int> used = plan.planned_counts;
  std::erase(used, 0);
  if (used.empty()) return;
  const auto [least, most] = std::ranges::minmax(used);
  plan.planned_imbalance = static_cast<double>(most) / least;
}

void fill_questions(Plan& plan, const PromptBank& bank) {
  const int replicates = plan.recipe.sampling.replicates;
  std::unordered_map<std::string, std::size_t> seen;  // prompt hash to its place in plan.templates
  const bool asks_negation = bank.states() && plan.recipe.mode.value("negation") != kNoNegation;
  for (const int paraphrase : plan.slot_order) {
    const auto index = static_cast<std::size_t>(paraphrase);
    const std::string user = bank.user_text(index, plan.recipe.claim.text);
    const std::string hash = prompt_sha256(plan.system_text, user);
    const auto [place, fresh] = seen.try_emplace(hash, plan.templates.size());
    if (fresh) plan.templates.push_back({hash, paraphrase, 0});
    const int occurrence = plan.templates[place->second].slots++;
    for (int r = 0; r < replicates; ++r) {
      const int replicate = occurrence * replicates + r;
      plan.questions.push_back(
          {paraphrase, replicate, hash, cache_key(plan.recipe, plan.prompt_version, hash, replicate), user});
      if (asks_negation) plan.questions.back().negated_text = bank.negated_text(index, plan.recipe.claim.text);
    }
  }
}

void measure_prompts(Plan& plan, const PromptBank& bank) {
  const std::size_t system = count_code_points(plan.system_text) + 2;
  for (const int paraphrase : plan.template_order) {
    const auto index = static_cast<std::size_t>(paraphrase);
    std::size_t text = count_code_points(bank.user_text(index, plan.recipe.claim.text));
    if (bank.states()) text = std::max(text, count_code_points(bank.negated_text(index, plan.recipe.claim.text)));
    const int length = static_cast<int>(system + text);
    if (length > plan.longest_prompt) {
      plan.longest_prompt = length;
      plan.longest_paraphrase_idx = paraphrase;
    }
  }
}

void require_short_enough(const Plan& plan) {
  const int limit = plan.recipe.sampling.max_prompt_chars;
  if (plan.longest_prompt <= limit) return;
  const auto claim = static_cast<int>(count_code_points(plan.recipe.claim.text));
  throw Error(
      ErrorKind::bad_input,
      fmt::format("the prompt of template {} has {} characters; at most {} are allowed (the claim has {})",
                  plan.longest_paraphrase_idx, plan.longest_prompt, limit, claim),
      fmt::format("shorten the claim by {} characters, or raise --max-prompt-chars", plan.longest_prompt - limit));
}

}  // namespace

std::vector<int> balanced_indices(const Balance& balance) {
  const auto& [templates, slots, offset] = balance;
  std::vector<int> sequence;
  if (templates < 1) return sequence;
  for (int t = 0; t < templates; ++t) {
    const int share = slots / templates + (t < slots % templates ? 1 : 0);
    const int shifted = ((t + offset) % templates + templates) % templates;
    sequence.insert(sequence.end(), static_cast<std::size_t>(std::max(share, 0)), shifted);
  }
  return sequence;
}

std::string cache_key(const Recipe& recipe, const std::string& prompt_version, const std::string& prompt_sha256,
                      int replicate_idx) {
  return sha256_hex(fmt::format("{}|{}|{}|{}|{}|{}|{}", recipe.claim.text, recipe.model, prompt_version, prompt_sha256,
                                replicate_idx, recipe.sampling.max_output_tokens, recipe.mode.text()));
}

std::uint64_t ladder_seed(const Recipe& recipe, const std::string& prompt_version) {
  return first_eight_bytes(sha256(fmt::format("RPL-LADDER|prompt={}|claim={}", prompt_version, recipe.claim.text)));
}

std::uint64_t derived_seed(const Recipe& recipe, const std::string& prompt_version, std::vector<std::string> usable,
                           const std::string& center, const std::string& trim) {
  std::ranges::sort(usable);
  const auto repeats = std::ranges::unique(usable);
  usable.erase(repeats.begin(), repeats.end());
  const Sampling& s = recipe.sampling;
  return first_eight_bytes(sha256(fmt::format(
      "RPL-G5|model={}|prompt={}|claim={}|K={}|R={}|center={}|trim={}|B={}|templates={}", recipe.model, prompt_version,
      recipe.claim.text, s.slots, s.replicates, center, trim, s.draws, fmt::join(usable, ","))));
}

namespace {

// Everything but the questions, which are most of the work and of the memory.
Plan without_questions(const Recipe& recipe, const PromptBank& bank) {
  const int bank_size = static_cast<int>(bank.paraphrases.size());
  Plan plan{.recipe = recipe,
            .prompt_version = bank.version,
            .bank_sha256 = bank.sha256(),
            .system_text = bank.full_system(),
            .run_id = run_id_of(recipe, bank.version),
            .bank_size = bank_size,
            .rotation = rotation_of(recipe, bank),
            .template_order = {},
            .slot_order = {},
            .planned_counts = {},
            .questions = {},
            .templates = {}};
  const int selected = std::clamp(recipe.sampling.templates.value_or(bank_size), 1, bank_size);
  plan.template_order =
      recipe.sampling.ladder ? shuffled_order(recipe, bank) : rotated_order(plan.rotation, bank, selected);
  fill_slots(plan);
  measure_prompts(plan, bank);
  return plan;
}

}  // namespace

Plan read_plan(const Recipe& recipe, const PromptBank& bank) {
  Plan plan = without_questions(recipe, bank);
  fill_questions(plan, bank);
  return plan;
}

Plan first_of_ladder(const Plan& ladder, std::size_t questions) {
  Plan part = ladder;
  const auto count = static_cast<std::ptrdiff_t>(std::min(questions, ladder.questions.size()));
  part.questions.erase(part.questions.begin() + count, part.questions.end());
  part.templates.erase(part.templates.begin() + count, part.templates.end());
  part.slot_order.erase(part.slot_order.begin() + count, part.slot_order.end());
  std::fill(part.planned_counts.begin() + count, part.planned_counts.end(), 0);
  return part;
}

Plan outline_plan(const Recipe& recipe, const PromptBank& bank) {
  require_valid(recipe, bank.paraphrases.size());
  Plan plan = without_questions(recipe, bank);
  if (recipe.sampling.ladder && plan.template_order.size() < static_cast<std::size_t>(recipe.sampling.slots))
    throw Error(ErrorKind::bad_input,
                fmt::format("the bank {} has {} different wordings; the ladder needs {}", bank.version,
                            plan.template_order.size(), recipe.sampling.slots),
                "name a plan with -K, -R and -T, or --fixed");
  require_short_enough(plan);
  return plan;
}

std::size_t questions_planned(const Plan& outline) {
  return outline.slot_order.size() * static_cast<std::size_t>(outline.recipe.sampling.replicates);
}

Plan make_plan(const Recipe& recipe, const PromptBank& bank) {
  Plan plan = outline_plan(recipe, bank);
  fill_questions(plan, bank);
  return plan;
}

}  // namespace heretix
