#include "service/account/rates.hpp"

#include <fmt/format.h>

#include "base/random.hpp"

namespace heretix {
namespace {

constexpr std::string_view kCount =
    "SELECT count(*) AS n FROM rate_events WHERE scope = :scope AND subject = :subject AND happened_at > later(:ago)";
constexpr std::string_view kRemoveEvents = "DELETE FROM rate_events WHERE scope = :scope AND subject = :subject";
constexpr std::string_view kRemoveStart =
    "DELETE FROM rate_events WHERE scope = :scope AND substr(subject, 1, :length) = :start";
constexpr std::string_view kInsertEvent =
    "INSERT INTO rate_events (id, scope, subject, happened_at) VALUES (:id, :scope, :subject, now())";
constexpr std::string_view kCountInWindow =
    "INSERT INTO rate_counts (scope, subject, started_at, used) VALUES (:scope, :subject, now(), 1) ON CONFLICT "
    "(scope, "
    "subject) DO UPDATE SET used = CASE WHEN rate_counts.started_at > later(:ago) THEN rate_counts.used + 1 ELSE 1 "
    "END, "
    "started_at = CASE WHEN rate_counts.started_at > later(:ago) THEN rate_counts.started_at ELSE now() END WHERE "
    "rate_counts.started_at <= later(:ago) OR rate_counts.used < :most RETURNING used";

constexpr std::string_view kIsFull =
    "EXISTS (SELECT 1 FROM rate_counts WHERE scope = :{0}_scope AND subject = :{0}_subject AND used >= :{0}_most AND "
    "started_at > later(:within))";
// The unique key is scope and subject, so the order of the two is the order in which their rows are locked.
constexpr std::string_view kCountInBoth =
    "INSERT INTO rate_counts (scope, subject, started_at, used) SELECT v.scope, v.subject, now(), 1 FROM (VALUES "
    "(CAST(:first_scope AS varchar), CAST(:first_subject AS varchar)), (:second_scope, :second_subject)) v (scope, "
    "subject), {} ON CONFLICT (scope, subject) DO UPDATE SET used = CASE WHEN rate_counts.started_at > later(:within) "
    "THEN rate_counts.used + 1 ELSE 1 END, started_at = CASE WHEN rate_counts.started_at > later(:within) THEN "
    "rate_counts.started_at ELSE now() END WHERE rate_counts.started_at <= later(:within) OR rate_counts.used < CASE "
    "WHEN rate_counts.scope = :first_scope THEN CAST(:first_most AS bigint) ELSE CAST(:second_most AS bigint) END "
    "RETURNING used";

}  // namespace

Query query_for(const WindowCount& count) { return count_in_window(count.scope, count.subject, count.limit); }

std::string both_have_room_sql() {
  return "NOT " + fmt::format(kIsFull, "first") + " AND NOT " + fmt::format(kIsFull, "second");
}

std::string count_in_both_sql(std::string_view source) { return fmt::format(kCountInBoth, source); }

void bind_both(const WindowCount& first, const WindowCount& second, Bindings& bindings) {
  bindings.push_back({":first_scope", first.scope});
  bindings.push_back({":first_subject", first.subject});
  bindings.push_back({":first_most", first.limit.most});
  bindings.push_back({":second_scope", second.scope});
  bindings.push_back({":second_subject", second.subject});
  bindings.push_back({":second_most", second.limit.most});
  bindings.push_back({":within", -static_cast<double>(first.limit.within.count())});
}

Query count_in_window(const std::string& scope, const std::string& subject, const RateLimit& limit) {
  return {std::string(kCountInWindow),
          {{":scope", scope},
           {":subject", subject},
           {":ago", -static_cast<double>(limit.within.count())},
           {":most", limit.most}},
          Effect::changes};
}

bool was_counted(const std::vector<Row>& rows) { return !rows.empty(); }

bool count_event(Database& database, const std::string& scope, const std::string& subject,
                 const std::vector<RateLimit>& limits) {
  database.lock("rate " + scope + " " + subject);
  for (const RateLimit& limit : limits) {
    const auto rows = database.query(
        kCount, {{":scope", scope}, {":subject", subject}, {":ago", -static_cast<double>(limit.within.count())}});
    if (rows[0].integer("n").value_or(0) >= limit.most) return false;
  }
  database.execute(kInsertEvent, {{":id", new_uuid()}, {":scope", scope}, {":subject", subject}});
  return true;
}

bool has_happened(Database& database, const std::string& scope, const std::string& subject,
                  std::chrono::seconds within) {
  const auto rows = database.query(
      kCount, {{":scope", scope}, {":subject", subject}, {":ago", -static_cast<double>(within.count())}});
  return rows[0].integer("n").value_or(0) > 0;
}

void note_latest(Database& database, const std::string& scope, const std::string& subject) {
  database.execute(kRemoveEvents, {{":scope", scope}, {":subject", subject}});
  database.execute(kInsertEvent, {{":id", new_uuid()}, {":scope", scope}, {":subject", subject}});
}

void forget_events(Database& database, const std::string& scope, const std::string& subject_start) {
  database.execute(
      kRemoveStart,
      {{":scope", scope}, {":length", static_cast<std::int64_t>(subject_start.size())}, {":start", subject_start}});
}

}  // namespace heretix
