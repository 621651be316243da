#include "service/worker/clean_up.hpp"

#include <array>

#include "service/privacy/removal.hpp"
#include "service/queue/queue.hpp"

namespace heretix {
namespace {

constexpr double kDay = 86'400;

// What no check has to do with any more, in the order of what hangs on what: executions that were imported and ended,
// and answers that nothing counted. An execution that runs may have read any answer, so while one runs answers stay.
constexpr std::array<std::string_view, 5> kForgottenAnswers = {
    "DELETE FROM heretix_executions e WHERE e.created_at < :before AND e.status <> 'running' AND NOT EXISTS (SELECT 1 "
    "FROM checks c WHERE c.run_id = e.run_id || '-' || right(e.execution_id, 12)) AND NOT EXISTS (SELECT 1 FROM "
    "check_requests q WHERE q.execution_id = e.execution_id) AND NOT EXISTS (SELECT 1 FROM heretix_drift_measurements "
    "d WHERE d.execution_id = e.execution_id)",
    "DELETE FROM heretix_execution_samples s WHERE NOT EXISTS (SELECT 1 FROM heretix_executions e WHERE e.execution_id "
    "= s.execution_id)",
    "DELETE FROM heretix_answers a WHERE a.created_at < :before AND NOT EXISTS (SELECT 1 FROM "
    "heretix_execution_samples s WHERE s.cache_key = a.cache_key) AND NOT EXISTS (SELECT 1 FROM heretix_executions e "
    "WHERE e.status = 'running')",
    "DELETE FROM samples a WHERE a.created_at < :before AND NOT EXISTS (SELECT 1 FROM heretix_execution_samples s "
    "WHERE s.cache_key = a.cache_key) AND NOT EXISTS (SELECT 1 FROM heretix_executions e WHERE e.status = 'running')",
    "DELETE FROM heretix_attempts a WHERE a.started_at / 1000000 < :before AND NOT EXISTS (SELECT 1 FROM "
    "heretix_execution_samples s WHERE s.cache_key = a.cache_key) AND NOT EXISTS (SELECT 1 FROM heretix_executions e "
    "WHERE e.status = 'running')"};

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
                 {.isolation = Isolation::beside_others, .unheard = UnheardCommit::is_done_again});
}

}  // namespace

void enqueue_clean_up(Database& database) {
  const std::string hour = database.query("SELECT now() AS now")[0].required_text("now").substr(0, 13);
  in_transaction(database, [&] { Queue(database).enqueue({.kind = kCleanUpJob, .unique_key = hour, .payload = "{}"}); },
                 {.isolation = Isolation::beside_others, .unheard = UnheardCommit::is_done_again});
}

void clean_up(Database& database, AnswersPlace& answers, const Secret& secret, double keep_checks_days) {
  forget_by_age(database);
  if (keep_checks_days <= 0) return;

  Measured measured;
  in_transaction(database,
                 [&] {
                   Removal removal(database, secret);
                   measured = {.executions = removal.remove_checks_older_than(keep_checks_days),
                               .questions = removal.remove_decisions_older_than(keep_checks_days)};
                 },
                 {.isolation = Isolation::beside_others, .unheard = UnheardCommit::is_done_again});
  forget_measured(database, answers, measured);
  forget_answers(database, keep_checks_days);
}

}  // namespace heretix
