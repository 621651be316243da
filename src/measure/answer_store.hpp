// Answers that were paid for, and the attempts to get them: read before asking, written as they come.
//
// Owns the SQL of samples, heretix_answers and heretix_attempts (docs/storage.md).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "belief/answer/tally.hpp"
#include "models/provider.hpp"
#include "store/database.hpp"

namespace heretix {

// Sent that often, outcome never seen: not sent again without being told to. A result that a batch lost counts as that
// many: whoever handed it over cannot know more by handing it over again.
inline constexpr int kMostUnknown = 2;

// What is known about one question before it is asked.
struct History {
  std::optional<Answer> final_answer;   // what `samples` holds: never asked again, unless it held no answer
  std::optional<Answer> first_answer;   // by attempt, with its raw text; without a final one it was unusable
  int attempts = 0;                     // recorded so far, with or without an answer
  int unknown = 0;                      // of them: sent, outcome never seen; possibly billed
  std::optional<std::string> asked_by;  // an execution that runs now and has it in flight
  std::optional<std::string> in_batch;  // a batch at the provider, which has its newest attempt
};

struct AttemptOutcome {
  enum class Word { answered, failed, in_doubt, not_sent };
  Word word;
  std::optional<Usd> billed;
  std::string error;
};

class AnswerStore {
 public:
  // Borrowed. `execution_id` names this process's execution in every row; `run_id` goes into samples.
  AnswerStore(Database& database, std::string execution_id, std::string run_id);

  History history(const Plan& plan, const Question& question);

  // One group commit. `body` reads by history() and calls the writes below; nobody else asks the same of the same model
  // meanwhile. Where the connection breaks, what was written is written again, for up to a minute, before this returns
  // or throws what `body` threw: a reply that was paid for is not lost with a connection.
  void in_group(const Plan& plan, const std::function<void()>& body);

  // The writes of a group.
  void record_attempt(const Question& question, int attempt, const ProviderFacts& facts, std::optional<Usd> most,
                      std::int64_t now_micros);
  void close_attempt(const Question& question, int attempt, const AttemptOutcome& outcome, std::int64_t now_micros);
  void keep_answer(const Question& question, const Answer& answer, const Reply& reply, const ProviderFacts& facts);
  void keep_sample(const Question& question, const Answer& answer);  // final

  // Spent, or reserved and perhaps spent, by every attempt started since then, whichever process sent it.
  Usd committed_since(std::int64_t micros);

  // Attempts recorded from now on belong to that batch; empty: to none.
  void set_batch(const std::string& batch_id) { batch_id_ = batch_id; }

  const std::string& execution_id() const { return execution_id_; }
  const std::string& run_id() const { return run_id_; }
  Database& database() { return database_; }

 private:
  std::optional<Answer> sample_of(const Plan& plan, const Question& question, const std::vector<Row>& answers);
  static Answer answer_of(const Plan& plan, const Question& question, const Row& row);
  static std::vector<Answer> answers_from(const Plan& plan, const Question& question, const std::vector<Row>& rows);
  static std::optional<Answer> part_of(const std::vector<Answer>& answers);

  struct Write {
    std::string_view sql;
    Bindings bindings;
    bool adds_row = false;  // which must be ours
  };
  void write(Write write);
  void commit_group(const std::string& name, const std::function<void()>& body);
  void write_again(const std::string& name);
  void require_ours(const Write& write);

  Database& database_;
  bool is_harness_;                    // a harness file; else a Postgres database
  bool is_lost_ = false;               // the group's transaction
  std::vector<Write> written_;         // in this group
  std::set<std::string> replaceable_;  // keys whose sample is no answer: the next answer takes its place
  std::string execution_id_;
  std::string run_id_;
  std::string batch_id_;
};

// A row of heretix_answers, whoever reads it.
Answer answer_from(const Row& row);

// A row of samples that another program wrote: it has no raw text, and what it does not know stays empty.
Answer answer_from_sample(const Row& row);

// Whether a row of heretix_answers is a reply that held no answer at all: an error in the envelope of a success, a
// page, a reply that the provider broke off. Builds up to November 2026 kept such replies as unusable answers; today
// they are failures. Rows of today's builds are never such: their `finish` is not null, or it is a word of an answer.
bool held_no_answer(const Row& row);

}  // namespace heretix
