#include "worker/clean_up.hpp"

#include <array>

#include "check/served_checks.hpp"
#include "queue/queue.hpp"

namespace heretix {
namespace {

constexpr double kDay = 86'400;

struct Forgotten {
  std::string_view sql;
  double age;  // seconds
};
constexpr std::array kForgotten = {
    Forgotten{"DELETE FROM rate_events WHERE scope <> 'link.signed-in' AND happened_at < later(:ago)", 2 * kDay},
    Forgotten{"DELETE FROM rate_events WHERE happened_at < later(:ago)", 90 * kDay},
    Forgotten{"DELETE FROM rate_counts WHERE started_at < later(:ago)", kDay},
    Forgotten{"DELETE FROM idempotency_keys WHERE created_at < later(:ago)", kDay},
    Forgotten{"DELETE FROM email_tokens WHERE expires_at < later(:ago)", kDay},
    Forgotten{"DELETE FROM sessions WHERE expires_at < later(:ago)", kDay},
    Forgotten{"DELETE FROM sessions WHERE last_seen_at < later(:ago)", 8 * kDay},
    Forgotten{"DELETE FROM jobs WHERE state IN ('done', 'cancelled') AND finished_at < later(:ago)", 7 * kDay},
    Forgotten{"DELETE FROM jobs WHERE state = 'dead' AND finished_at < later(:ago)", 90 * kDay},
    Forgotten{"DELETE FROM check_events WHERE kind = 'progress' AND created_at < later(:ago)", 30 * kDay},
    Forgotten{"DELETE FROM result_cache WHERE last_used_at < later(:ago)", 180 * kDay}};

// Of executions that no check names any more, in the order of what hangs on what. An answer that another check counted
// stays: it could not be recomputed without.
constexpr std::array<std::string_view, 5> kForgottenAnswers = {
    "DELETE FROM heretix_executions e WHERE e.created_at < :before AND e.status <> 'running' AND NOT EXISTS (SELECT 1 "
    "FROM checks c WHERE c.run_id = e.run_id || '-' || right(e.execution_id, 12)) AND NOT EXISTS (SELECT 1 FROM "
    "check_requests q WHERE q.execution_id = e.execution_id)",
    "DELETE FROM heretix_execution_samples s WHERE NOT EXISTS (SELECT 1 FROM heretix_executions e WHERE e.execution_id "
    "= "
    "s.execution_id)",
    "DELETE FROM heretix_answers a WHERE a.created_at < :before AND NOT EXISTS (SELECT 1 FROM "
    "heretix_execution_samples s "
    "WHERE s.cache_key = a.cache_key)",
    "DELETE FROM samples a WHERE a.created_at < :before AND NOT EXISTS (SELECT 1 FROM heretix_execution_samples s "
    "WHERE "
    "s.cache_key = a.cache_key)",
    "DELETE FROM heretix_attempts a WHERE a.started_at / 1000000 < :before AND NOT EXISTS (SELECT 1 FROM "
    "heretix_execution_samples s WHERE s.cache_key = a.cache_key)"};

// In Postgres; an embedded service's answers lie in the command line's own store.
void forget_answers(Database& database, double days) {
  if (!database.has_table("heretix_executions")) return;
  const auto before = database.query("SELECT CAST(extract(epoch FROM now()) AS bigint) AS now")[0].integer("now");
  const std::int64_t cutoff = before.value_or(0) - static_cast<std::int64_t>(days * kDay);
  in_transaction(database,
                 [&] {
                   for (const std::string_view sql : kForgottenAnswers) {
                     const bool is_dated = sql.find(":before") != std::string_view::npos;
                     database.execute(sql, is_dated ? Bindings{{":before", cutoff}} : Bindings{});
                   }
                 },
                 {.isolation = Isolation::beside_others, .landed = [] { return false; }});
}

}  // namespace

void enqueue_clean_up(Database& database) {
  const std::string hour = database.query("SELECT now() AS now")[0].text_or_empty("now").substr(0, 13);
  in_transaction(database, [&] { Queue(database).enqueue({.kind = kCleanUpJob, .unique_key = hour, .payload = "{}"}); },
                 {.isolation = Isolation::beside_others, .landed = [] { return false; }});
}

void clean_up(Database& database, double keep_checks_days) {
  for (const Forgotten& forgotten : kForgotten) database.execute(forgotten.sql, {{":ago", -forgotten.age}});
  database.execute("DELETE FROM failed_verifiers WHERE selector NOT IN (SELECT selector FROM email_tokens)");
  if (keep_checks_days <= 0) return;
  ServedChecks(database).remove_older_than(keep_checks_days);
  forget_answers(database, keep_checks_days);
}

}  // namespace heretix
