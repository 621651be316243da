// Claims that somebody wants measured again and again: "measure weekly".
//
// A repeat is a row, and one job of the queue that waits for its day. The job asks for the check as its owner would,
// and enqueues the next one in the same transaction; where the plan has no check left, that is told and the repeat goes
// on. Owns the SQL of `repeats`.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "service/intake/intake.hpp"
#include "service/queue/queue.hpp"
#include "store/database.hpp"

namespace heretix {

inline constexpr const char* kRepeatJob = "repeat";
inline constexpr std::size_t kMostRepeats = 50;  // of one user
inline constexpr std::int64_t kLeastRepeatDays = 1, kMostRepeatDays = 365;

using RepeatId = Id<struct RepeatKind>;  // a uuid

struct Repeat {
  RepeatId id;
  UserId user_id;
  std::string claim;
  std::string model;  // the name under which it is asked for
  std::string wish;   // JSON: how it is asked
  std::int64_t every_days = 7;
  std::int64_t runs = 0;  // checks that it has asked for
  std::string next_at{};
  std::optional<CheckId> last_check_id{};
  std::optional<std::string> trouble{};  // why the last check was not granted, in words for its owner
  std::string created_at{};
};

class Repeats {
 public:
  explicit Repeats(Database& database) : database_(database) {}

  // Measures what that check measured every so many days, for the first time after that many. Throws Error{bad_input}
  // for another number of days, Error{limit_reached} where the user has kMostRepeats, Error{conflict} where the same
  // claim is repeated by the same model.
  Repeat begin(const UserId& user_id, const ServedCheck& check, std::int64_t every_days);
  std::vector<Repeat> list(const UserId& user_id);  // oldest first
  std::optional<Repeat> find(const RepeatId& id);
  bool end(const UserId& user_id, const RepeatId& id);  // false: the user has no such repeat

  // What the job has done: the check that it asked for, or why there is none. Enqueues the next one. Runs in the
  // caller's transaction.
  void note(const Repeat& repeat, const std::optional<CheckId>& check_id, const std::optional<std::string>& trouble);

 private:
  void enqueue(const Repeat& repeat, std::int64_t runs);
  Database& database_;
};

// What is asked for when a check is asked for again: claim, model, depth and readout, freshly.
CheckWish repeated_wish(const Repeat& repeat);

// The name that its model had in the check by which it was begun, as it is hashed into keys.
std::string measured_as(const Repeat& repeat);

// The repeat that a job of kRepeatJob is about, and which of its checks the job asks for, from 0.
struct RepeatedJob {
  RepeatId id;
  std::string number;
};
RepeatedJob repeated_job_of(const ClaimedJob& job);

}  // namespace heretix
