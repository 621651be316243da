// A finished check as plain data: what store, report and export share, and what a third party needs to recompute
// the result bit for bit. Its JSON form is format "heretix_record", version 1 (docs/record.md).
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "belief/answer/tally.hpp"
#include "belief/estimate/estimate.hpp"
#include "belief/judge/agreement.hpp"
#include "belief/judge/gates.hpp"
#include "belief/plan/plan.hpp"
#include "belief/stats/belief_v2.hpp"
#include "belief/stats/components.hpp"
#include "belief/stats/honest.hpp"
#include "belief/stats/ladder.hpp"

namespace heretix {

inline constexpr int kRecordVersion = 1;

enum class SeedSource { given, environment, derived };
std::string_view to_word(SeedSource source);
std::optional<SeedSource> seed_source_from(std::string_view word);  // empty for another word

// One template's part in the result.
struct TemplateResult {
  std::string prompt_sha256;
  int paraphrase_idx = 0;
  int slots = 0;
  std::size_t answered = 0;
  std::vector<Probability> probabilities{};  // usable, in replicate order
  std::optional<Logit> mean{};               // of the frozen estimator; empty without a usable answer
  std::optional<Logit> value{};              // M_k of belief_v2; likewise
};

// How the execution went; nothing in it enters the estimate.
struct ExecutionFacts {
  ExecutionId execution_id;
  long long created_at = 0;  // Unix seconds, UTC
  long long finished_at = 0;
  std::string provider;
  std::string settings = "{}";                       // of the provider, a JSON object
  std::map<std::string, std::size_t> answered_by{};  // how many answers by each name the provider gave its model
  std::size_t attempts = 0;                          // sent by this execution
  long long billed_micro_usd = 0;
  std::size_t billing_unknown = 0;
  std::size_t first_answers_unusable = 0;
  std::map<std::string, std::size_t> unknown_finishes{};  // how many answers by each word that no list of endings holds
  std::vector<long long> billed_after_rungs{};            // of a ladder, micro-dollars
  std::string program_version;
  int answer_rules = kAnswerRules;  // by which its answers were read (docs/answers.md); 1 in records that do not say it
};

struct Record {
  Plan plan;  // with its recipe
  PromptBank bank;
  std::uint64_t seed = 0;
  SeedSource seed_source = SeedSource::derived;
  std::vector<Answer> answers;  // by question
  std::size_t answered = 0;
  std::size_t usable = 0;
  std::size_t from_store = 0;
  double compliance = 0;
  std::optional<LabelAgreement> labels{};  // where answers with a label were read by rules 2
  std::vector<TemplateResult> templates;   // in plan order
  Estimate estimate;
  HonestInterval honest;
  BeliefV2 belief;               // what people are shown first
  Agreement agreement;           // of the wordings, about `belief`
  std::optional<Climb> climb{};  // of a ladder: `honest` and `belief` are its last rung's
  std::vector<Gate> gates;
  int quality = 0;
  std::string verdict;         // in words, of the frozen probability and the honest interval
  std::string belief_verdict;  // in words, of `belief`; says so where there is no stable one
  ExecutionFacts execution;
};

// belief_v2 of the answers so far, with the constants of a fixed plan. Empty without a usable answer.
std::optional<BeliefV2> belief_of(const Plan& plan, std::span<const std::optional<Answer>> answers);

// How far a ladder has come with these answers, which are by question, starting with the first.
Climb climb_of(const Plan& plan, const std::vector<std::optional<Answer>>& answers);

// The given facts and everything that follows from them. Pure, so that verification can call it with stored answers.
// Throws Error{bad_input} for fewer than kMinAnswers usable answers.
Record make_record(const Plan& plan, const PromptBank& bank, const std::vector<std::optional<Answer>>& answers,
                   std::optional<std::uint64_t> seed, SeedSource source, ExecutionFacts execution);

// Everything except raw texts: this is what `heretix_executions.record_json` and `--json` hold.
nlohmann::json to_json(const Record& record);

// The same with bank and answers, raw texts included. This is the artifact, which is enough to recompute the rest
// without a database.
nlohmann::json to_artifact(const Record& record);

// One answer of the artifact.
nlohmann::json answer_json(const Answer& answer, const Question& question);

// The artifact as text, handed over in pieces, so that a run of many answers is never one tree in memory. `head` is
// to_json(record).
void write_artifact(const Record& record, nlohmann::json head,
                    const std::function<void(const std::string& piece)>& sink);

// The spread of its answers by wording and replicate (docs/variance.md); empty for fewer than two templates.
std::optional<WordingVariance> variance_of(const Record& record);

// The parts of a record that have columns of their own.
nlohmann::json config_json(const Plan& plan, const PromptBank& bank, std::optional<std::uint64_t> given_seed);
// The same with the content_sha256() of the bank, for callers that know it.
nlohmann::json config_json(const Plan& plan, const std::string& bank_content_sha256,
                           std::optional<std::uint64_t> given_seed);
nlohmann::json sampler_json(const Plan& plan);
nlohmann::json counts_json(const Record& record);

// Micro-dollars that the next rung of its ladder would have cost, by what the answers of this execution cost. Empty if
// there is no next rung, or the cost is not known.
std::optional<double> next_rung_cost(const Record& record);

nlohmann::json to_json(const PromptBank& bank);
PromptBank bank_from_json(const nlohmann::json& bank);  // throws nlohmann's exceptions where it is malformed
std::string content_sha256(const PromptBank& bank);     // of to_json(bank): the schema text included

// A hash over every answer in plan order, with all that is stored of it: one changed bit anywhere changes the hash.
std::string answers_sha256(const std::vector<Answer>& answers);

}  // namespace heretix
