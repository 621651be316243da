// A queue of durable jobs. Each is a row that is claimed under a lease, tried again after a failure, and done once.
//
// The queue knows nothing about the kinds of jobs. To enqueue a job together with another change, call enqueue() within
// the same transaction. Owns the SQL of `jobs`; all times are by the clock of the database.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/identity.hpp"
#include "base/word_table.hpp"
#include "store/database.hpp"

namespace heretix {

inline constexpr std::chrono::seconds kLease{30};
inline constexpr std::chrono::seconds kLeaseRenewal{10};

enum class JobState { queued, running, done, dead, cancelled };
inline constexpr WordTable<JobState, 5> kJobStateWords{{{JobState::queued, "queued"},
                                                        {JobState::running, "running"},
                                                        {JobState::done, "done"},
                                                        {JobState::dead, "dead"},
                                                        {JobState::cancelled, "cancelled"}}};
constexpr std::string_view to_word(JobState state) { return kJobStateWords.word(state); }

struct NewJob {
  std::string kind;        // "check"
  std::string unique_key;  // within its kind; a second job of that key is not made
  std::string payload;     // JSON; emptied when the job is done or cancelled, because it may name people and claims
  std::chrono::seconds delay{0};
};

struct ClaimedJob {
  std::string id, kind, unique_key, payload;
  LeaseToken lease_token;  // every write on its behalf names it
  std::int64_t attempt = 1;
};

// After the n-th failure: min(900, n^4) seconds.
std::chrono::seconds backoff(std::int64_t attempt);

class Queue {
 public:
  explicit Queue(Database& database) : database_(database) {}

  // Runs in the caller's transaction, and wakes listening workers when that commits. Returns false if there is a job of
  // that key.
  bool enqueue(const NewJob& job);

  // Claims the job of those kinds that has waited longest, queued or with a lease that ran out. Nobody else can claim
  // it for kLease. `token` is chosen by the claimer and unique to this claim. A job whose lease ran out kMostAttempts
  // times is dead.
  std::optional<ClaimedJob> claim(const std::vector<std::string>& kinds, const LeaseToken& token);

  // Each returns false if the lease is no longer held; then nothing was written. They run in the caller's transaction
  // or without one.
  bool renew(const LeaseToken& token);
  bool holds(const LeaseToken& token);  // locks the job until the transaction's end
  bool finish(const LeaseToken& token);
  // The job is tried again after its backoff. If `for_good`, or after `most_attempts`, it is dead and its error is
  // kept.
  enum class Failed { again, dead, not_held };
  Failed fail(const LeaseToken& token, const std::string& error, bool for_good, std::int64_t most_attempts);
  // As it was before: another worker can claim it at once, and no attempt is counted.
  bool hand_back(const LeaseToken& token);

  // Cancels a job that waits. Returns false if it runs, is done or does not exist.
  bool cancel(const std::string& kind, const std::string& unique_key);
  void remove(const std::string& kind, const std::string& unique_key);  // in whatever state it is
  bool retry(const std::string& id);                                    // for a dead job, at the request of an operator

  struct Count {
    std::string kind;
    JobState state = JobState::queued;
    std::int64_t jobs = 0;
  };
  std::vector<Count> counts();

 private:
  std::optional<ClaimedJob> claim_by(std::string_view sql, const std::vector<std::string>& kinds,
                                     const LeaseToken& token);
  Database& database_;
};

}  // namespace heretix
