#include "account/rates.hpp"

#include "base/random.hpp"

namespace heretix {
namespace {

constexpr std::string_view kCount =
    "SELECT count(*) AS n FROM rate_events WHERE scope = :scope AND subject = :subject AND happened_at > later(:ago)";
constexpr std::string_view kInsert =
    "INSERT INTO rate_events (id, scope, subject, happened_at) VALUES (:id, :scope, :subject, now())";

}  // namespace

bool count_event(Database& database, const std::string& scope, const std::string& subject,
                 const std::vector<RateLimit>& limits) {
  database.lock("rate " + scope + " " + subject);
  for (const RateLimit& limit : limits) {
    const auto rows = database.query(
        kCount, {{":scope", scope}, {":subject", subject}, {":ago", -static_cast<double>(limit.within.count())}});
    if (rows[0].integer("n").value_or(0) >= limit.most) return false;
  }
  database.execute(kInsert, {{":id", new_uuid()}, {":scope", scope}, {":subject", subject}});
  return true;
}

}  // namespace heretix
