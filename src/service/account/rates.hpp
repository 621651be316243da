// How often something may happen to somebody: counted in the database, so that every process sees the same.
//
// Windows slide: "3 in 15 minutes" holds for any 15 minutes. Owns the SQL of `rate_events`.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace heretix {

struct RateLimit {
  std::int64_t most;
  std::chrono::seconds within;
};

// Counts one for `subject` (a hash, never an address) unless a limit would be passed. In the caller's transaction,
// begun beside others: exact whoever else counts at the same time. False: over a limit; nothing was counted.
bool count_event(Database& database, const std::string& scope, const std::string& subject,
                 const std::vector<RateLimit>& limits);

// Has it happened to `subject` within that time?
bool has_happened(Database& database, const std::string& scope, const std::string& subject,
                  std::chrono::seconds within);

// It happened just now; what was noted before is replaced. In the caller's transaction.
void note_latest(Database& database, const std::string& scope, const std::string& subject);

// Everything of that scope whose subject begins so.
void forget_events(Database& database, const std::string& scope, const std::string& subject_start);

// The same for what happens often: one statement and one row a subject, in place of a row an event. The window begins
// with the first event and the next one begins after it has ended, so that `most` may happen twice in a row around its
// end. Owns the SQL of `rate_counts`.
Query count_in_window(const std::string& scope, const std::string& subject, const RateLimit& limit);
bool was_counted(const std::vector<Row>& rows);  // what that query found; false: over the limit, nothing was counted

}  // namespace heretix
