// A record made of given answers: for unit tests of what works on records.
#pragma once

#include <string>
#include <vector>

#include "base/identity.hpp"
#include "belief/record/record.hpp"

namespace heretix {

struct MadeRecord {
  std::string claim = "c";
  ModelName model{"m"};
  std::string wording = "w";  // two records share their templates where it is the same
  long long created_at = 0;
  std::string server{};  // that answered, where it counts
};

// `answers[k][r]`: the r-th answer to template k of a bank of that many paraphrases; equally many to each.
inline Record made_record(const std::vector<std::vector<double>>& answers, const MadeRecord& made = {}) {
  PromptBank bank{.version = "b_" + made.wording,
                  .system = "S",
                  .schema = "J",
                  .user_template = "T",
                  .paraphrases = {},
                  .source = "test"};
  for (std::size_t k = 0; k < answers.size(); ++k)
    bank.paraphrases.push_back(made.wording + std::to_string(k) + " {CLAIM}");
  Recipe recipe{
      .claim = {made.claim},
      .model = made.model,
      .mode = Mode::live(),
      .sampling = {
          .slots = static_cast<int>(answers.size()), .replicates = static_cast<int>(answers[0].size()), .draws = 10}};
  if (!made.server.empty()) recipe.mode.with("server", made.server);
  const Plan plan = make_plan(recipe, bank);
  std::vector<std::optional<Answer>> given;
  for (const Question& q : plan.questions) {
    Answer answer;
    answer.cache_key = q.cache_key;
    answer.verdict.prob_true =
        Probability{answers[static_cast<std::size_t>(q.paraphrase_idx)][static_cast<std::size_t>(q.replicate_idx)]};
    given.emplace_back(answer);
  }
  ExecutionFacts facts;
  facts.execution_id =
      ExecutionId{"exec-" + made.model.text() + made.wording + made.claim + std::to_string(made.created_at)};
  facts.created_at = made.created_at;
  return make_record(plan, bank, given, 1, SeedSource::given, facts);
}

// One answer a template.
inline Record made_record(const std::vector<double>& answers, const MadeRecord& made = {}) {
  std::vector<std::vector<double>> groups;
  for (const double p : answers) groups.push_back({p});
  return made_record(groups, made);
}

}  // namespace heretix
