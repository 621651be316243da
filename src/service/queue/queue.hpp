// Durable jobs: a row each, claimed under a lease, tried again after a failure, done once.
//
// Knows no kind of job. Who wants a job done at the same time as something else calls enqueue() within a transaction of
// their own. Owns the SQL of `jobs`; times are the database's.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace heretix {

inline constexpr std::chrono::seconds kLease{30};
inline constexpr std::chrono::seconds kLeaseRenewal{10};

struct NewJob {
  std::string kind;        // "check"
  std::string unique_key;  // within its kind; a second job of that key is not made
  std::string payload;     // JSON; emptied when the job is done or cancelled, because it may name people and claims
  std::chrono::seconds delay{0};
};

struct ClaimedJob {
  std::string id, kind, unique_key, payload;
  std::string lease_token;  // every write on its behalf names it
  std::int64_t attempt = 1;
};

// After the n-th failure: min(900, n^4) seconds.
std::chrono::seconds backoff(std::int64_t attempt);

class Queue {
 public:
  explicit Queue(Database& database) : database_(database) {}

  // In the caller's transaction. False: there is one of that key. Wakes workers that listen when it commits.
  bool enqueue(const NewJob& job);

  // The one that waits longest of those kinds, queued or of a lease that ran out; then nobody else has it for kLease.
  // `token`: the claimer's, unique to this claim. A job whose lease ran out kMostAttempts times is dead.
  std::optional<ClaimedJob> claim(const std::vector<std::string>& kinds, const std::string& token);

  // False: the lease is not held any more, and nothing was written. In the caller's transaction or without one.
  bool renew(const std::string& token);
  bool holds(const std::string& token);  // locks the job until the transaction's end
  bool finish(const std::string& token);
  // Tried again after its backoff; dead, its error kept, where `for_good` or after `most_attempts`.
  enum class Failed { again, dead, not_held };
  Failed fail(const std::string& token, const std::string& error, bool for_good, std::int64_t most_attempts);
  bool hand_back(const std::string& token);  // as it was: another worker goes on at once, no attempt is counted

  // A job that waits is gone; false where it runs, is done or there is none.
  bool cancel(const std::string& kind, const std::string& unique_key);
  void remove(const std::string& kind, const std::string& unique_key);  // in whatever state it is
  bool retry(const std::string& id);                                    // a dead one, by an operator

  struct Count {
    std::string kind, state;
    std::int64_t jobs = 0;
  };
  std::vector<Count> counts();

 private:
  std::optional<ClaimedJob> claim_by(std::string_view sql, const std::vector<std::string>& kinds,
                                     const std::string& token);
  Database& database_;
};

}  // namespace heretix
