// The answers that were paid for, and the attempts to get them. They are read before anything is asked and written as
// they arrive.
//
// Owns the SQL of samples, heretix_answers and heretix_attempts (docs/storage.md).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "belief/answer/tally.hpp"
#include "models/provider.hpp"
#include "store/database.hpp"

namespace heretix {

// A question that was sent this often without its outcome being seen is not sent again unless the user asks for it. A
// result that a batch lost counts as this many, because handing it over again could tell nothing more.
inline constexpr int kMostUnknown = 2;

// What is known about one question before it is asked.
struct History {
  std::optional<Answer> final_answer;   // in `samples`: never asked again, unless it held no answer
  std::optional<Answer> first_answer;   // of the earliest attempt; unusable if there is no final one
  int attempts = 0;                     // recorded so far, with or without an answer
  int unknown = 0;                      // of these, sent without a known outcome; possibly billed
  std::optional<ExecutionId> asked_by;  // the running execution that has it in flight
  std::optional<std::string> in_batch;  // the open batch that has its newest attempt
};

struct AttemptOutcome {
  enum class Word { answered, failed, in_doubt, not_sent };  // stored as words in heretix_attempts.outcome
  Word word;
  std::optional<Usd> billed;
  std::string error;
};

class AnswerStore {
 public:
  // `database` is borrowed. `execution_id` names this process's execution in every row, and `run_id` goes into samples.
  // A probe is no execution, but the rows of its answers and attempts hold its id in the same place.
  AnswerStore(Database& database, ExecutionId execution_id, RecipeId run_id);

  History history(const Plan& plan, const Question& question);

  // Runs `body` in one group commit. `body` reads by history() and calls the writes below; meanwhile no other process
  // asks the same question of the same model. If the connection breaks, what was written is written again, for up to a
  // minute, before this returns or throws what `body` threw, so a reply that was paid for is not lost with a
  // connection.
  void in_group(const Plan& plan, const std::function<void()>& body);

  // The writes of a group.
  void record_attempt(const Question& question, int attempt, const ProviderFacts& facts, std::optional<Usd> most,
                      std::int64_t now_micros);
  void close_attempt(const Question& question, int attempt, const AttemptOutcome& outcome, std::int64_t now_micros);
  void keep_answer(const Question& question, const Answer& answer, const Reply& reply, const ProviderFacts& facts);
  void keep_sample(const Question& question, const Answer& answer);  // final

  // What every attempt started since then has cost, or may have cost where its bill is not known, whichever process
  // sent it.
  Usd committed_since(std::int64_t micros);

  // Attempts recorded from now on belong to this batch; an empty id means to none.
  void set_batch(const std::string& batch_id) { batch_id_ = batch_id; }

  const ExecutionId& execution_id() const { return execution_id_; }
  const RecipeId& run_id() const { return run_id_; }
  Database& database() { return database_; }

 private:
  std::optional<Answer> sample_of(const Plan& plan, const Question& question, const std::vector<Row>& answers);
  static Answer answer_of(const Plan& plan, const Question& question, const Row& row);
  static std::vector<Answer> answers_from(const Plan& plan, const Question& question, const std::vector<Row>& rows);
  static std::optional<Answer> part_of(const std::vector<Answer>& answers);

  struct Write {
    std::string_view sql;
    Bindings bindings;
    bool adds_row = false;  // it adds a row, which must be ours
  };
  void write(Write write);
  void commit_group(const std::string& name, const std::function<void()>& body);
  void write_again(const std::string& name);
  void require_ours(const Write& write);

  Database& database_;
  bool is_harness_;                    // false: a Postgres database
  bool is_lost_ = false;               // whether the transaction of the group was lost
  std::vector<Write> written_;         // the writes of this group
  std::set<std::string> replaceable_;  // keys whose sample is no answer; the next one replaces it
  ExecutionId execution_id_;
  RecipeId run_id_;
  std::string batch_id_;
};

// Reads a row of heretix_answers.
Answer answer_from(const Row& row);

// Reads a row of samples that another program wrote. It has no raw text, and what it does not say stays empty.
Answer answer_from_sample(const Row& row);

// Whether a row of heretix_answers is a reply that held no answer at all: an error in the envelope of a success, a web
// page, or a reply that the provider broke off. Builds up to November 2026 kept such replies as unusable answers; today
// they are failures. Rows of today's builds are never of this kind: their `finish` is either not null or a word that
// belongs to an answer.
bool held_no_answer(const Row& row);

}  // namespace heretix
