#include "archive/load_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.hpp"
#include "base/stored_word.hpp"
#include "belief/plan/limits.hpp"
#include "belief/readout/parts.hpp"
#include "belief/record/stored_config.hpp"
#include "measure/answer_store.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr const char* kDamaged = "the file was changed by something other than Heretix; see docs/storage.md";

PromptBank bank_of(RunStore& runs, const ExecutionRow& execution) {
  const auto text = runs.bank_text(execution.bank_content_sha256);
  if (!text)
    throw Error(ErrorKind::broken, fmt::format("the bank text of {} is missing", execution.execution_id), kDamaged);
  try {
    return bank_from_json(json::parse(*text));
  } catch (const json::exception& e) {
    throw Error(ErrorKind::broken, fmt::format("the bank text of {} is damaged: {}", execution.execution_id, e.what()),
                kDamaged);
  }
}

// Null where it has none, and discarded where it is no JSON.
json record_of(const ExecutionRow& execution) {
  return execution.record_text ? json::parse(*execution.record_text, nullptr, false) : json();
}

ExecutionFacts facts_of(const ExecutionRow& execution) {
  ExecutionFacts facts{.execution_id = execution.execution_id,
                       .created_at = execution.created_at,
                       .provider = {},

                       .program_version = {}};
  const json record = record_of(execution);
  if (!record.is_object() || !record.contains("execution")) return facts;
  const json& told = record["execution"];
  facts.finished_at = told.value("finished_at", 0LL);
  facts.provider = told.value("provider", "");
  facts.settings = told.value("settings", json::object()).dump();
  facts.answered_by = told.value("answered_by", std::map<std::string, std::size_t>{});
  facts.unknown_finishes = told.value("unknown_finishes", std::map<std::string, std::size_t>{});
  facts.billed_after_rungs = told.value("billed_after_rungs", std::vector<long long>{});
  facts.attempts = told.value("attempts", std::size_t{0});
  facts.billed_micro_usd = told.value("billed_micro_usd", 0LL);
  facts.billing_unknown = told.value("billing_unknown", std::size_t{0});
  const double rate = told.value("first_answer_unusable_rate", 0.0);
  facts.first_answers_unusable = static_cast<std::size_t>(std::lround(rate * record.value("answered", 0.0)));
  facts.program_version = told.value("program_version", "");
  facts.answer_rules = told.value("answer_rules", 1);
  if (facts.answer_rules < 1 || facts.answer_rules > kAnswerRules)
    throw Error(ErrorKind::broken,
                fmt::format("the answers of {} were read by rules {}; this program knows rules up to {}",
                            execution.execution_id, facts.answer_rules, kAnswerRules),
                "use the newer program that measured it");
  return facts;
}

// Whether there is a seed of its own is what the configuration says; the record tells where it came from.
SeedSource source_of(const ExecutionRow& execution, bool given) {
  const json record = record_of(execution);
  const std::string word = record.is_object() ? record.value("/estimate/seed_source"_json_pointer, "") : "";
  std::optional<SeedSource> told;
  if (!word.empty())
    told = require_known(seed_source_from(word), "seed_source in heretix_executions.record_json", word);
  if (!given) return SeedSource::derived;
  return told == SeedSource::environment ? SeedSource::environment : SeedSource::given;
}

// The usable answer, or else the first one, which is how asking counts them. An answer of another program is known from
// its sample only.
std::optional<Answer> counted_answer(RunStore& runs, const Question& question, const Claim& claim) {
  const std::string& cache_key = question.cache_key;
  std::optional<Answer> counted;
  for (const Row& row : runs.answer_rows(cache_key)) {
    Answer answer = answer_from(row);
    if (!question.is_part) answer.verdict = read_again(*answer.raw_text, answer.verdict, {.claim = claim.text});
    if (!counted || (!counted->verdict.usable() && answer.verdict.usable())) counted = std::move(answer);
  }
  if (counted) return counted;
  const auto sample = runs.sample(cache_key);
  return sample ? std::optional(answer_from_sample(*sample)) : std::nullopt;
}

}  // namespace

CameBack what_came_back(RunStore& runs, const ExecutionRow& execution) {
  Plan plan = make_plan(read_config(execution.config_text).recipe, bank_of(runs, execution));
  if (plan.recipe.readout() != Readout::verbalized) plan = Plan(Parts(plan).to_ask());

  CameBack came{.recipe = plan.recipe, .planned = plan.questions.size(), .questions = {}};
  for (const Question& question : plan.questions) {
    CameBack::Each each{question, counted_answer(runs, question, plan.recipe.claim), ""};
    const std::vector<Row> attempts = runs.attempt_rows(question.cache_key);
    if (!each.answer && attempts.empty()) continue;

    if (each.answer) {
      each.answer->from_store = std::ranges::none_of(attempts, [&](const Row& row) {
        return row.id<ExecutionId>("execution_id") == execution.execution_id &&
               row.integer("attempt") == each.answer->attempt;
      });
    } else {
      each.trouble = attempts.back().text("error").value_or("sent, and no outcome was seen");
    }
    came.questions.push_back(std::move(each));
  }
  return came;
}

Record load_record(RunStore& runs, const ExecutionRow& execution) {
  const PromptBank bank = bank_of(runs, execution);
  std::vector<CountedAnswer> counted;
  for (const CountedKey& key : runs.counted_keys(execution.execution_id))
    counted.push_back({.cache_key = key.cache_key, .answer = runs.answer(key)});
  return recomputed_record(execution, bank, std::move(counted));
}

Record recomputed_record(const ExecutionRow& execution, const PromptBank& bank, std::vector<CountedAnswer> counted) {
  const StoredConfig config = read_config(execution.config_text);

  // The numbers come from a file that anybody may have written, so they are compared with what it holds before a plan
  // is made.
  const Sampling& sampling = config.recipe.sampling;
  const auto planned = static_cast<std::size_t>(questions_of(sampling, Readout::verbalized, 1));
  if (!sampling.ladder && counted.size() != planned) {
    throw Error(
        ErrorKind::broken,
        fmt::format("{} counted {} answers, but its plan has {}", execution.execution_id, counted.size(), planned),
        kDamaged);
  }

  Plan plan = make_plan(config.recipe, bank);
  if (sampling.ladder) plan = first_of_ladder(plan, counted.size());
  if (counted.size() != plan.questions.size()) {
    throw Error(ErrorKind::broken,
                fmt::format("{} counted {} answers, but its plan has {}", execution.execution_id, counted.size(),
                            plan.questions.size()),
                kDamaged);
  }

  ExecutionFacts facts = facts_of(execution);
  const AnswerReading reading{.claim = config.recipe.claim.text, .rules = facts.answer_rules};
  std::vector<std::optional<Answer>> answers;
  for (std::size_t i = 0; i < counted.size(); ++i) {
    answers.push_back(std::move(counted[i].answer));
    if (answers.back() && answers.back()->raw_text) {
      Verdict& verdict = answers.back()->verdict;
      verdict = read_again(*answers.back()->raw_text, verdict, reading);
    }
    if (!answers.back() || counted[i].cache_key != plan.questions[i].cache_key) {
      throw Error(ErrorKind::broken,
                  fmt::format("answer {} of {} is missing or belongs to another question", i, execution.execution_id),
                  kDamaged);
    }
  }

  if (config.recipe.sampling.ladder && !climb_of(plan, answers).stop) {
    throw Error(
        ErrorKind::broken,
        fmt::format("{} counted {} answers, but its ladder goes on after them", execution.execution_id, counted.size()),
        kDamaged);
  }
  return make_record(plan, bank, answers, config.seed, source_of(execution, config.seed.has_value()), std::move(facts));
}

}  // namespace heretix
