#include "measure/answer_store.hpp"

#include <algorithm>

#include "base/sha256.hpp"
#include "base/stored_word.hpp"
#include "base/word_table.hpp"
#include "measure/execution_status.hpp"
#include "measure/ownership.hpp"
#include "models/hosted.hpp"

namespace heretix {
namespace {

constexpr std::string_view kSample =
    "SELECT s.*, r.claim AS run_claim FROM samples s LEFT JOIN runs r ON r.run_id = s.run_id WHERE s.cache_key = :key";
constexpr std::string_view kSampleInPostgres =
    "SELECT s.*, (SELECT e.claim FROM heretix_executions e WHERE e.run_id = s.run_id LIMIT 1) AS run_claim FROM "
    "samples "
    "s WHERE s.cache_key = :key";
constexpr std::string_view kAnswers = "SELECT * FROM heretix_answers WHERE cache_key = :key ORDER BY attempt";
constexpr std::string_view kAttempts =
    "SELECT a.attempt, a.outcome, a.execution_id, e.owner, e.status, (SELECT count(*) FROM heretix_batch_questions q "
    "WHERE q.cache_key = a.cache_key AND q.attempt = a.attempt) AS batches FROM heretix_attempts a "
    "LEFT JOIN heretix_executions e ON e.execution_id = a.execution_id WHERE a.cache_key = :key";
// In Postgres the owner is the lease of a job, on whatever machine.
constexpr std::string_view kAttemptsInPostgres =
    "SELECT a.attempt, a.outcome, a.execution_id, e.owner, e.status, (SELECT count(*) FROM jobs j WHERE j.lease_token "
    "= "
    "e.owner AND j.lease_until > now()) AS leases, (SELECT count(*) FROM heretix_batch_questions q WHERE q.cache_key = "
    "a.cache_key AND q.attempt = a.attempt) AS batches FROM heretix_attempts a LEFT JOIN heretix_executions e ON "
    "e.execution_id = a.execution_id WHERE a.cache_key = :key";
constexpr std::string_view kWhoseAttempt =
    "SELECT execution_id FROM heretix_attempts WHERE cache_key = :key AND attempt = :attempt";
constexpr std::string_view kInsertAttempt =
    "INSERT INTO heretix_attempts (cache_key, attempt, execution_id, provider, model, started_at, max_cost_micro_usd) "
    "VALUES (:key, :attempt, :execution, :provider, :model, :now, :cost) ON CONFLICT DO NOTHING";
constexpr std::string_view kInsertBatched =
    "INSERT INTO heretix_batch_questions (batch_id, cache_key, attempt) VALUES (:batch, :key, :attempt) ON CONFLICT DO "
    "NOTHING";
constexpr std::string_view kOpenBatch =
    "SELECT b.batch_id FROM heretix_batch_questions q JOIN heretix_batches b USING (batch_id) WHERE q.cache_key = :key "
    "AND q.attempt = :attempt AND b.state IN ('submitting', 'submitted')";
constexpr std::string_view kCloseAttempt =
    "UPDATE heretix_attempts SET outcome = :outcome, finished_at = :now, billed_micro_usd = :billed, error = :error "
    "WHERE cache_key = :key AND attempt = :attempt";
constexpr std::string_view kIsKnown =
    "SELECT 1 AS known FROM samples WHERE cache_key = :key UNION ALL "
    "SELECT 1 FROM heretix_attempts WHERE cache_key = :key LIMIT 1";
// The bill, or else the most that it can be. A failure that cost nothing has a bill of 0.
constexpr std::string_view kCommittedSince =
    "SELECT sum(coalesce(r.billed_pico_usd, a.billed_micro_usd * 1000000, a.max_cost_micro_usd * 1000000, 0)) AS picos "
    "FROM heretix_attempts a LEFT JOIN heretix_answers r USING (cache_key, attempt) WHERE a.started_at >= :since";
constexpr std::string_view kInsertAnswer =
    "INSERT INTO heretix_answers (cache_key, attempt, execution_id, raw_text, raw_sha256, usable, reason, prob_true, "
    "provider, provider_model_id, response_id, tokens_in, tokens_out, latency_ms, created_at, finish, tokens_cached, "
    "tokens_cache_written, tokens_reasoning, billed_pico_usd, logprobs) VALUES (:key, :attempt, :execution, :raw, "
    ":raw_sha256, :usable, :reason, :p, :provider, :version, :response, :tokens_in, :tokens_out, :latency, :now, "
    ":finish, :cached, :written, :reasoning, :billed, :logprobs) ON CONFLICT DO NOTHING";
// Another process may have been first with the same key, and the sample that stands there is final.
constexpr std::string_view kInsertSample =
    "INSERT INTO samples (run_id, cache_key, prompt_sha256, paraphrase_idx, replicate_idx, prob_true, logit, "
    "provider_model_id, response_id, created_at, tokens_out, latency_ms, json_valid) VALUES (:run, :key, :prompt, "
    ":paraphrase, :replicate, :p, :logit, :version, :response, :now, :tokens_out, :latency, :valid) ON CONFLICT DO "
    "NOTHING";

// Replaces only a sample that was no answer. The row that was paid for stays in heretix_answers.
constexpr std::string_view kReplaceSample =
    "UPDATE samples SET run_id = :run, prompt_sha256 = :prompt, paraphrase_idx = :paraphrase, replicate_idx = "
    ":replicate, prob_true = :p, logit = :logit, provider_model_id = :version, response_id = :response, created_at = "
    ":now, tokens_out = :tokens_out, latency_ms = :latency, json_valid = :valid WHERE cache_key = :key AND json_valid "
    "= "
    "0";

constexpr int kTriesToKeep = 100;  // takes about a minute

constexpr WordTable<AttemptOutcome::Word, 4> kOutcomeWords({{AttemptOutcome::Word::answered, "answered"},
                                                            {AttemptOutcome::Word::failed, "failed"},
                                                            {AttemptOutcome::Word::in_doubt, "in_doubt"},
                                                            {AttemptOutcome::Word::not_sent, "not_sent"}});

Value or_null(const std::optional<long>& number) {
  return number ? Value(std::int64_t{*number}) : Value(std::monostate{});
}
Value probability_or_null(const Verdict& verdict) {
  return verdict.prob_true ? Value(verdict.prob_true->value()) : Value(std::monostate{});
}

std::optional<long> optional_long(const Row& row, std::string_view column) {
  const auto value = row.integer(column);
  return value ? std::optional<long>(static_cast<long>(*value)) : std::nullopt;
}

std::optional<Probability> optional_probability(const Row& row) {
  const auto p = row.real("prob_true");
  return p && *p >= 0.0 && *p <= 1.0 ? std::optional(Probability{*p}) : std::nullopt;
}

std::string_view to_word(AttemptOutcome::Word word) { return kOutcomeWords.word(word); }

// Empty while the outcome is not known.
std::optional<AttemptOutcome::Word> outcome_of(const Row& attempt) {
  const auto word = attempt.text("outcome");
  if (!word) return std::nullopt;
  return require_known(kOutcomeWords.value(*word), "heretix_attempts.outcome", *word);
}

// Empty for a usable answer.
std::optional<Reason> reason_of(const Row& answer) {
  const auto word = answer.text("reason");
  if (!word) return std::nullopt;
  return require_known(reason_from(*word), "heretix_answers.reason", *word);
}

}  // namespace

Answer answer_from_sample(const Row& row) {
  Answer answer;
  answer.cache_key = row.required_text("cache_key");
  answer.verdict.prob_true = optional_probability(row);
  if (row.integer("json_valid").value_or(0) != 1) answer.verdict.reason = Reason::not_json;
  else if (!answer.verdict.prob_true) answer.verdict.reason = Reason::no_probability;
  answer.model_version = row.text_or_empty("provider_model_id");
  answer.response_id = row.text_or_empty("response_id");
  answer.tokens_out = optional_long(row, "tokens_out");
  answer.latency_ms = row.real("latency_ms").value_or(0);
  answer.created_at = row.integer("created_at").value_or(0);
  return answer;
}

Answer answer_from(const Row& row) {
  Answer answer;
  answer.cache_key = row.required_text("cache_key");
  answer.attempt = static_cast<int>(row.integer("attempt").value_or(1));
  answer.raw_text = row.required_text("raw_text");
  answer.verdict.prob_true = optional_probability(row);
  answer.verdict.reason = reason_of(row);
  answer.model_version = row.required_text("provider_model_id");
  answer.response_id = row.required_text("response_id");
  if (row.has("finish")) answer.finish = row.text_or_empty("finish");
  answer.tokens_in = optional_long(row, "tokens_in");
  answer.tokens_out = optional_long(row, "tokens_out");
  if (row.has("tokens_reasoning")) answer.tokens_reasoning = optional_long(row, "tokens_reasoning");
  answer.latency_ms = row.real("latency_ms").value_or(0);
  answer.created_at = row.integer("created_at").value_or(0);
  return answer;
}

bool held_no_answer(const Row& row) {
  if (row.integer("usable") == 1 || !row.has("finish")) return false;
  const auto reason = reason_of(row);
  if (!reason || *reason > Reason::contradictory) return false;  // a refusal, a filter or a link is an answer

  if (const auto finish = row.text("finish")) return names_a_failure(*finish);

  // The llama, scripted and mock models never stored such a word, and their empty answers are answers.
  const std::string provider = row.required_text("provider");
  const auto is_of = [&](const HostedProvider& p) { return p.name == provider; };
  if (!std::ranges::any_of(hosted_providers(), is_of)) return false;
  if (row.required_text("raw_text").empty()) return true;
  const std::string response = row.required_text("response_id");
  return (response.empty() || response.starts_with("read-")) && row.required_text("provider_model_id").empty() &&
         !row.integer("tokens_in") && !row.integer("tokens_out");
}

AnswerStore::AnswerStore(Database& database, ExecutionId execution_id, RecipeId run_id)
    : database_(database),
      is_harness_(database.has_table("runs")),
      execution_id_(std::move(execution_id)),
      run_id_(std::move(run_id)) {}

// A broken connection is reported once. What follows it is only collected, and written again with the rest.
void AnswerStore::write(Write write) {
  if (!is_lost_) {
    try {
      const std::int64_t changed = database_.execute(write.sql, write.bindings);
      if (write.adds_row && changed == 0)
        throw Error(ErrorKind::conflict, "the attempt or its answer is already recorded",
                    "nothing was written; run the same command again");
    } catch (const TransactionLost&) { is_lost_ = true; }
  }
  written_.push_back(std::move(write));
}

void AnswerStore::require_ours(const Write& write) {
  if (!write.adds_row || write.sql != kInsertAttempt) return;
  const auto rows = database_.query(kWhoseAttempt, {write.bindings[0], write.bindings[1]});
  if (!rows.empty() && rows[0].id<ExecutionId>("execution_id") == execution_id_) return;
  throw Error(ErrorKind::conflict, "another process asked the same question while the database was away",
              "run the same command again; it uses that answer");
}

void AnswerStore::write_again(const std::string& name) {
  in_transaction(
      database_,
      [&] {
        database_.lock(name);
        for (const Write& write : written_) {
          if (database_.execute(write.sql, write.bindings) == 0) require_ours(write);
        }
      },
      {.tries = kTriesToKeep, .isolation = Isolation::beside_others, .unheard = UnheardCommit::is_done_again});
}

void AnswerStore::commit_group(const std::string& name, const std::function<void()>& body) {
  Transaction transaction(database_, Isolation::beside_others);
  database_.lock(name);
  body();
  if (is_lost_) throw TransactionLost(ErrorKind::unavailable, "the connection broke");
  transaction.commit();
}

void AnswerStore::in_group(const Plan& plan, const std::function<void()>& body) {
  written_.clear();
  is_lost_ = false;
  bool was_done = false;
  const std::string name = "answers " + plan.recipe.model.text() + " " + plan.recipe.claim.hash();
  try {
    commit_group(name, [&] {
      body();
      was_done = true;
    });
  } catch (const Error& e) {
    const bool is_lost = dynamic_cast<const TransactionLost*>(&e) != nullptr || e.kind() == ErrorKind::in_doubt;
    if (!is_lost) throw;
    if (!written_.empty()) write_again(name);
    if (!was_done) throw;
  }
}

// The answer is read by today's rules, whatever was made of its text when it arrived. A part is not a text that these
// rules can read.
Answer AnswerStore::answer_of(const Plan& plan, const Question& question, const Row& row) {
  Answer answer = answer_from(row);
  if (question.is_part) answer.logprobs = row.text_or_empty("logprobs");
  else answer.verdict = read_again(*answer.raw_text, answer.verdict, {.claim = plan.recipe.claim.text});
  return answer;
}

std::vector<Answer> AnswerStore::answers_from(const Plan& plan, const Question& question,
                                              const std::vector<Row>& rows) {
  std::vector<Answer> answers;
  for (const Row& row : rows) {
    if (!held_no_answer(row)) answers.push_back(answer_of(plan, question, row));
  }
  return answers;
}

// The fields of a key are not escaped, so two recipes can share one key. That is why the claim and the prompt are
// compared too.
std::optional<Answer> AnswerStore::sample_of(const Plan& plan, const Question& question,
                                             const std::vector<Row>& answers) {
  const std::vector<Row> rows =
      database_.query(is_harness_ ? kSample : kSampleInPostgres, {{":key", question.cache_key}});
  if (rows.empty()) return std::nullopt;
  const auto claim = rows[0].text("run_claim");
  const bool same_prompt = rows[0].text("prompt_sha256") == question.prompt_sha256;
  if (!same_prompt || (claim && *claim != plan.recipe.claim.text)) {
    throw Error(
        ErrorKind::conflict, "a stored answer has this question's key but belongs to another claim",
        "change one character of the claim or the model name: a '|' in one of them gave two questions the same key");
  }
  for (const Row& row : answers) {
    const Answer answer = answer_from(row);
    if (answer.response_id != rows[0].text_or_empty("response_id") ||
        answer.verdict.usable() != (rows[0].integer("json_valid") == 1))
      continue;
    if (!held_no_answer(row)) return answer_of(plan, question, row);
    replaceable_.insert(question.cache_key);
    return std::nullopt;
  }
  return answer_from_sample(rows[0]);
}

// The usable answer, or else the first of two. This is what a sample would hold, but parts are kept among the answers
// only.
std::optional<Answer> AnswerStore::part_of(const std::vector<Answer>& answers) {
  const auto usable = std::ranges::find_if(answers, [](const Answer& a) { return a.verdict.usable(); });
  if (usable != answers.end()) return *usable;
  return answers.size() > 1 ? std::optional(answers.front()) : std::nullopt;
}

History AnswerStore::history(const Plan& plan, const Question& question) {
  History known;
  if (database_.query(kIsKnown, {{":key", question.cache_key}}).empty()) return known;  // the usual case in a new run

  const std::vector<Row> rows = database_.query(kAnswers, {{":key", question.cache_key}});
  for (const Row& row : rows)
    known.attempts = std::max(known.attempts, static_cast<int>(row.integer("attempt").value_or(0)));

  const std::vector<Answer> answers = answers_from(plan, question, rows);
  if (!answers.empty()) known.first_answer = answers.front();

  known.final_answer = question.is_part ? part_of(answers) : sample_of(plan, question, rows);
  if (known.final_answer) {
    known.final_answer->from_store = true;
    return known;
  }

  // An attempt of a probe, or of an execution that was removed, has no row of an execution beside it.
  const auto is_running = [](const Row& row) {
    return row.text("status") && execution_status_of(row) == ExecutionStatus::running;
  };
  const auto is_alive = [&](const Row& row) {
    if (!is_harness_) return row.integer("leases").value_or(0) > 0;
    return still_runs(database_, row.id<ExecutionId>("execution_id"), row.required_text("owner"));
  };

  for (const Row& row :
       database_.query(is_harness_ ? kAttempts : kAttemptsInPostgres, {{":key", question.cache_key}})) {
    known.attempts = std::max(known.attempts, static_cast<int>(row.integer("attempt").value_or(0)));
    const auto outcome = outcome_of(row);

    // Handing the question over in another batch could tell nothing more, so one result that a batch lost counts as
    // kMostUnknown.
    if (outcome == AttemptOutcome::Word::in_doubt)
      known.unknown += row.integer("batches").value_or(0) > 0 ? kMostUnknown : 1;
    if (outcome) continue;

    // An attempt without an outcome is in flight only while its execution runs or its batch is open.
    auto asker = row.id<ExecutionId>("execution_id");
    if (asker != execution_id_ && is_running(row) && is_alive(row)) {
      known.asked_by = std::move(asker);
    } else if (const auto open = database_.query(
                   kOpenBatch, {{":key", question.cache_key}, {":attempt", row.integer("attempt").value_or(0)}});
               !open.empty()) {
      known.in_batch = open[0].required_text("batch_id");
    } else {
      ++known.unknown;
    }
  }
  return known;
}

void AnswerStore::record_attempt(const Question& question, int attempt, const ProviderFacts& facts,
                                 std::optional<Usd> most, std::int64_t now_micros) {
  const Value cost = most ? Value(most->micros_above()) : Value(std::monostate{});
  write({kInsertAttempt,
         {{":key", question.cache_key},
          {":attempt", std::int64_t{attempt}},
          {":execution", execution_id_},
          {":provider", facts.provider},
          {":model", facts.model},
          {":now", now_micros},
          {":cost", cost}},
         true});
  if (batch_id_.empty()) return;
  write({kInsertBatched, {{":batch", batch_id_}, {":key", question.cache_key}, {":attempt", std::int64_t{attempt}}}});
}

void AnswerStore::close_attempt(const Question& question, int attempt, const AttemptOutcome& outcome,
                                std::int64_t now_micros) {
  write({kCloseAttempt,
         {{":key", question.cache_key},
          {":attempt", std::int64_t{attempt}},
          {":outcome", std::string(to_word(outcome.word))},
          {":now", now_micros},
          {":billed", outcome.billed ? Value(outcome.billed->micros()) : Value(std::monostate{})},
          {":error", outcome.error.empty() ? Value(std::monostate{}) : Value(outcome.error)}}});
}

Usd AnswerStore::committed_since(std::int64_t micros) {
  return Usd::from_picos(database_.query(kCommittedSince, {{":since", micros}})[0].integer("picos").value_or(0));
}

void AnswerStore::keep_answer(const Question& question, const Answer& answer, const Reply& reply,
                              const ProviderFacts& facts) {
  const std::string raw = answer.raw_text.value_or("");
  const Usage& usage = reply.usage;
  const auto& reason = answer.verdict.reason;
  write({kInsertAnswer,
         {{":key", question.cache_key},
          {":attempt", std::int64_t{answer.attempt}},
          {":execution", execution_id_},
          {":raw", raw, true},
          {":raw_sha256", sha256_hex(raw)},
          {":usable", std::int64_t{answer.verdict.usable()}},
          {":reason", reason ? Value(std::string(heretix::to_word(*reason))) : Value(std::monostate{})},
          {":p", probability_or_null(answer.verdict)},
          {":provider", facts.provider},
          {":version", answer.model_version},
          {":response", answer.response_id},
          {":tokens_in", or_null(answer.tokens_in)},
          {":tokens_out", or_null(answer.tokens_out)},
          {":latency", answer.latency_ms},
          {":now", std::int64_t{answer.created_at}},
          {":finish", reply.finish},  // earlier builds stored null: see held_no_answer
          {":cached", or_null(usage.cached_input)},
          {":written", or_null(usage.cache_writes)},
          {":reasoning", or_null(usage.reasoning)},
          {":billed", reply.billed ? Value(reply.billed->picos()) : Value(std::monostate{})},
          {":logprobs", reply.logprobs.empty() ? Value(std::monostate{}) : Value(reply.logprobs)}},
         true});
}

void AnswerStore::keep_sample(const Question& question, const Answer& answer) {
  if (question.is_part) return;
  const auto& p = answer.verdict.prob_true;
  const bool replaces = replaceable_.contains(question.cache_key);
  write({replaces ? kReplaceSample : kInsertSample,
         {{":run", run_id_},
          {":key", question.cache_key},
          {":prompt", question.prompt_sha256},
          {":paraphrase", std::int64_t{question.paraphrase_idx}},
          {":replicate", std::int64_t{question.replicate_idx}},
          {":p", probability_or_null(answer.verdict)},
          {":logit", p ? Value(to_logit(*p).value()) : Value(std::monostate{})},
          {":version", answer.model_version},
          {":response", answer.response_id},
          {":now", std::int64_t{answer.created_at}},
          {":tokens_out", or_null(answer.tokens_out)},
          {":latency", answer.latency_ms},
          {":valid", std::int64_t{answer.verdict.usable()}}}});
}

}  // namespace heretix
