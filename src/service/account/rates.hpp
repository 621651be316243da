// Limits how often something may happen to somebody. The count is in the database, so that every process sees the same.
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

// Counts one event for `subject` (a hash, never an address) unless that would pass a limit; then it counts nothing and
// returns false. Runs in the caller's transaction (Isolation::beside_others), and is exact whoever else counts at the
// same time.
bool count_event(Database& database, const std::string& scope, const std::string& subject,
                 const std::vector<RateLimit>& limits);

// Whether it has happened to `subject` within that time.
bool has_happened(Database& database, const std::string& scope, const std::string& subject,
                  std::chrono::seconds within);

// Notes that it happened just now, in place of what was noted before. Runs in the caller's transaction.
void note_latest(Database& database, const std::string& scope, const std::string& subject);

// Removes everything of that scope whose subject begins with `subject_start`.
void forget_events(Database& database, const std::string& scope, const std::string& subject_start);

// The same for events that are frequent: one statement and one row for each subject, instead of one row for each event.
// A window begins with its first event, and the next window after it has ended, so that `most` events may happen twice
// in a row around its end. Owns the SQL of `rate_counts`.
Query count_in_window(const std::string& scope, const std::string& subject, const RateLimit& limit);
// Reads the result of that query; false: over the limit, and nothing was counted.
bool was_counted(const std::vector<Row>& rows);

// One count of that kind.
struct WindowCount {
  std::string scope, subject;
  RateLimit limit;
};
Query query_for(const WindowCount& count);  // count_in_window()

// Two such counts as parts of one statement of Postgres that does more, both within the same time. The first part is a
// condition: neither is at its limit. The second one counts in both for each row of `source`, a name in the statement,
// and returns as many rows as it counted: fewer than two, if a limit was reached in the meantime. bind_both() adds the
// values of either.
std::string both_have_room_sql();
std::string count_in_both_sql(std::string_view source);
void bind_both(const WindowCount& first, const WindowCount& second, Bindings& bindings);

}  // namespace heretix
