// The sampler: which questions, in which order, under which keys.
//
// Everything here follows from claim, model, bank and recipe alone; nothing is drawn at random. Rules:
// docs/identity.md; checked against tests/golden/sampler.json and keys.json.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "belief/plan/recipe.hpp"
#include "belief/prompt/bank.hpp"

namespace heretix {

struct Question {
  int paraphrase_idx = 0;  // in the bank
  int replicate_idx = 0;   // counts every time this very prompt is asked
  std::string prompt_sha256;
  std::string cache_key;
  std::string user_text;
  bool is_part = false;        // of an answer that several make (belief/readout/): kept, but no sample
  std::string begun{};         // of the answer: the model goes on from here
  std::string negated_text{};  // of a statement: its negation, where both are asked (Readout::decision)
  bool is_negation = false;    // of a part: it asks the negation
};

struct PlannedTemplate {
  std::string prompt_sha256;
  int paraphrase_idx = 0;  // of the first slot that asks it
  int slots = 0;
};

struct Plan {
  Recipe recipe;
  std::string prompt_version;
  std::string bank_sha256;
  std::string system_text;  // full system, the same for every question
  RecipeId run_id;
  int bank_size = 0;
  int rotation = 0;
  std::vector<int> template_order;         // bank indices, the T selected ones; of a ladder the order of its own
  std::vector<int> slot_order;             // bank index of each slot, in the order asked
  std::vector<int> planned_counts;         // slots of each of template_order
  std::vector<Question> questions;         // slot by slot, R replicates each
  std::vector<PlannedTemplate> templates;  // distinct prompts in the order first asked: the estimator's order
  double planned_imbalance = 1.0;          // largest / smallest slot count, templates without a slot ignored
  int longest_prompt = 0;                  // code points, over all selected templates
  int longest_paraphrase_idx = 0;

  int templates_selected() const { return static_cast<int>(template_order.size()); }
};

// Throws Error{bad_input} for a recipe out of range, or a longest prompt above max_prompt_chars (it names the
// template). Pure.
Plan make_plan(const Recipe& recipe, const PromptBank& bank);

// For recipes stored by other programs: T clamped to the bank, K <= 0 an empty plan, no prompt limit.
Plan read_plan(const Recipe& recipe, const PromptBank& bank);

// A ladder's plan holds a question for every distinct template of the bank. This is its part with the first `questions`
// of them.
Plan first_of_ladder(const Plan& ladder, std::size_t questions);

// The seed that shuffles a ladder's templates. It follows from claim and bank alone, so that models that are asked the
// same claim are compared template by template.
std::uint64_t ladder_seed(const Recipe& recipe, const std::string& prompt_version);

std::string cache_key(const Recipe& recipe, const std::string& prompt_version, const std::string& prompt_sha256,
                      int replicate_idx);

// The seed that a run gets when none is given. `usable`: prompt_sha256 of the templates with usable answers,
// in any order, repeats allowed.
std::uint64_t derived_seed(const Recipe& recipe, const std::string& prompt_version, std::vector<std::string> usable,
                           const std::string& center = "trimmed", const std::string& trim = "0.2");

struct Balance {
  int templates;  // T
  int slots;      // K
  int offset = 0;
};

// (slot + offset) mod T in blocks, floor modulo. Plans rotate the bank instead; golden files check this too.
std::vector<int> balanced_indices(const Balance& balance);

}  // namespace heretix
