#include "service/queue/queue.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/random.hpp"
#include "base/text.hpp"
#include "store/stored_word.hpp"

namespace heretix {
namespace {

constexpr std::size_t kLongestError = 2000;  // characters kept

constexpr std::string_view kEnqueue =
    "INSERT INTO jobs (id, kind, unique_key, payload, run_at) VALUES (:id, :kind, :key, :payload, later(:delay)) ON "
    "CONFLICT DO NOTHING";
// The inner SELECT locks one row and steps over those that others claim at this moment.
constexpr std::string_view kClaim =
    "UPDATE jobs SET state = 'running', lease_token = :token, lease_until = later(:lease), attempt = attempt + 1 WHERE "
    "id = (SELECT id FROM jobs WHERE state = 'queued' AND run_at <= now() AND {} ORDER BY run_at LIMIT 1 {}) RETURNING "
    "id, kind, unique_key, payload, attempt";
constexpr std::string_view kTakeOver =
    "UPDATE jobs SET lease_token = :token, lease_until = later(:lease), attempt = attempt + 1 WHERE id = (SELECT id "
    "FROM jobs WHERE state = 'running' AND lease_until <= now() AND {} ORDER BY lease_until LIMIT 1 {}) RETURNING id, "
    "kind, unique_key, payload, attempt";
constexpr std::string_view kRenew =
    "UPDATE jobs SET lease_until = later(:lease) WHERE lease_token = :token AND state = 'running'";
constexpr std::string_view kHolds = "SELECT id FROM jobs WHERE lease_token = :token AND state = 'running' FOR UPDATE";
constexpr std::string_view kFinish =
    "UPDATE jobs SET state = 'done', lease_token = NULL, lease_until = NULL, finished_at = now(), error = NULL, "
    "payload "
    "= '{}' WHERE lease_token = :token AND state = 'running'";
constexpr std::string_view kAttempt =
    "SELECT attempt FROM jobs WHERE lease_token = :token AND state = 'running' FOR UPDATE";
constexpr std::string_view kTryAgain =
    "UPDATE jobs SET state = 'queued', lease_token = NULL, lease_until = NULL, run_at = later(:delay), error = :error "
    "WHERE lease_token = :token AND state = 'running'";
constexpr std::string_view kBury =
    "UPDATE jobs SET state = 'dead', lease_token = NULL, lease_until = NULL, finished_at = now(), error = :error WHERE "
    "lease_token = :token AND state = 'running'";
constexpr std::string_view kHandBack =
    "UPDATE jobs SET state = 'queued', lease_token = NULL, lease_until = NULL, run_at = now(), attempt = attempt - 1 "
    "WHERE lease_token = :token AND state = 'running'";
constexpr std::string_view kCancel =
    "UPDATE jobs SET state = 'cancelled', finished_at = now(), payload = '{}' WHERE kind = :kind AND unique_key = :key "
    "AND state = 'queued'";
constexpr std::string_view kRemove = "DELETE FROM jobs WHERE kind = :kind AND unique_key = :key";
constexpr std::string_view kRetry =
    "UPDATE jobs SET state = 'queued', attempt = 0, run_at = now(), finished_at = NULL WHERE id = :id AND state = "
    "'dead'";
constexpr std::string_view kCounts =
    "SELECT kind, state, count(*) AS jobs FROM jobs GROUP BY kind, state ORDER BY kind, state";

Value lease_seconds() { return Value(static_cast<double>(kLease.count())); }

}  // namespace

std::chrono::seconds backoff(std::int64_t attempt) {
  const std::int64_t n = std::clamp<std::int64_t>(attempt, 0, 6);  // 6^4 is beyond the most already
  return std::chrono::seconds(std::min<std::int64_t>(900, n * n * n * n));
}

bool Queue::enqueue(const NewJob& job) {
  return database_.execute(kEnqueue, {{":id", new_uuid()},
                                      {":kind", job.kind},
                                      {":key", job.unique_key},
                                      {":payload", job.payload},
                                      {":delay", static_cast<double>(job.delay.count())}}) == 1;
}

std::optional<ClaimedJob> Queue::claim_by(std::string_view sql, const std::vector<std::string>& kinds,
                                          const LeaseToken& token) {
  std::string wanted = "kind IN (";
  std::vector<std::string> names;
  names.reserve(kinds.size());
  Bindings bindings{{":token", token}, {":lease", lease_seconds()}};
  for (const std::string& kind : kinds) {
    names.push_back(fmt::format(":kind{}", names.size()));
    wanted += (names.size() == 1 ? "" : ", ") + names.back();
    bindings.push_back({names.back(), kind});
  }
  // The lock stands inside the statement, where SQLite's adapter does not look for it.
  const char* lock = database_.locks_rows() ? "FOR UPDATE SKIP LOCKED" : "";
  const auto rows = database_.change(fmt::format(fmt::runtime(sql), wanted + ")", lock), bindings);
  if (rows.empty()) return std::nullopt;
  return ClaimedJob{.id = rows[0].required_text("id"),
                    .kind = rows[0].required_text("kind"),
                    .unique_key = rows[0].required_text("unique_key"),
                    .payload = rows[0].required_text("payload"),
                    .lease_token = token,
                    .attempt = rows[0].integer("attempt").value_or(1)};
}

std::optional<ClaimedJob> Queue::claim(const std::vector<std::string>& kinds, const LeaseToken& token) {
  if (auto lost = claim_by(kTakeOver, kinds, token)) return lost;
  return claim_by(kClaim, kinds, token);
}

bool Queue::renew(const LeaseToken& token) {
  return database_.execute(kRenew, {{":lease", lease_seconds()}, {":token", token}}) == 1;
}

bool Queue::holds(const LeaseToken& token) { return !database_.query(kHolds, {{":token", token}}).empty(); }

bool Queue::finish(const LeaseToken& token) { return database_.execute(kFinish, {{":token", token}}) == 1; }

Queue::Failed Queue::fail(const LeaseToken& token, const std::string& error, bool for_good,
                          std::int64_t most_attempts) {
  const auto rows = database_.query(kAttempt, {{":token", token}});
  if (rows.empty()) return Failed::not_held;
  const std::int64_t attempt = rows[0].integer("attempt").value_or(1);
  const std::string kept = shortened(on_one_line(error), kLongestError);
  if (for_good || attempt >= most_attempts)
    return database_.execute(kBury, {{":token", token}, {":error", kept}}) == 1 ? Failed::dead : Failed::not_held;
  const double delay = static_cast<double>(backoff(attempt).count());
  const auto changed = database_.execute(kTryAgain, {{":delay", delay}, {":error", kept}, {":token", token}});
  return changed == 1 ? Failed::again : Failed::not_held;
}

bool Queue::hand_back(const LeaseToken& token) { return database_.execute(kHandBack, {{":token", token}}) == 1; }

bool Queue::cancel(const std::string& kind, const std::string& unique_key) {
  return database_.execute(kCancel, {{":kind", kind}, {":key", unique_key}}) == 1;
}

void Queue::remove(const std::string& kind, const std::string& unique_key) {
  database_.execute(kRemove, {{":kind", kind}, {":key", unique_key}});
}

bool Queue::retry(const std::string& id) { return database_.execute(kRetry, {{":id", id}}) == 1; }

std::vector<Queue::Count> Queue::counts() {
  std::vector<Count> counts;
  for (const Row& row : database_.query(kCounts))
    counts.push_back(
        {row.required_text("kind"), stored_as(row, "jobs", "state", kJobStateWords), row.integer("jobs").value_or(0)});
  return counts;
}

}  // namespace heretix
