#include "measure/costs.hpp"

namespace heretix {
namespace {

// Bills are exact in a column of heretix_answers that a file of schema 1 lacks; there the attempt's own column has
// them.
constexpr std::string_view kBills = "SELECT cache_key, attempt, billed_pico_usd AS picos FROM heretix_answers";
constexpr std::string_view kNoBills = "SELECT NULL AS cache_key, NULL AS attempt, NULL AS picos WHERE 0";
constexpr std::string_view kCosts =
    "SELECT date(started_at / 1000000, 'unixepoch') AS day, provider, model, count(*) AS attempts, "
    "sum(outcome IS 'answered') AS answered, sum(outcome IN ('failed', 'not_sent')) AS not_billed, "
    "sum(bill IS NULL) AS may_be_billed, sum(coalesce(bill, 0)) AS billed, "
    "sum(CASE WHEN bill IS NULL THEN coalesce(max_cost_micro_usd, 0) ELSE 0 END) AS may_be_micros, "
    "sum(bill IS NULL AND max_cost_micro_usd IS NULL) AS without_price "
    "FROM (SELECT a.*, CASE WHEN a.outcome = 'not_sent' THEN 0 ELSE coalesce(r.picos, a.billed_micro_usd * 1000000) "
    "END "
    "AS bill FROM heretix_attempts a LEFT JOIN (";
constexpr std::string_view kCostsEnd =
    ") r USING (cache_key, attempt)) WHERE date(started_at / 1000000, 'unixepoch') >= :since "
    "GROUP BY day, provider, model ORDER BY day DESC, provider, model";

std::int64_t number(const Row& row, std::string_view column) { return row.integer(column).value_or(0); }

}  // namespace

CostRow& CostRow::operator+=(const CostRow& other) {
  attempts += other.attempts;
  answered += other.answered;
  not_billed += other.not_billed;
  may_be_billed += other.may_be_billed;
  billed += other.billed;
  may_be_at_most += other.may_be_at_most;
  without_price += other.without_price;
  return *this;
}

std::vector<CostRow> costs(Database& database, const std::string& since) {
  std::vector<CostRow> rows;
  if (!database.has_table("heretix_attempts")) return rows;
  const std::string sql = std::string(kCosts) + std::string(database.has_table("heretix_batches") ? kBills : kNoBills) +
                          std::string(kCostsEnd);
  for (const Row& row : database.query(sql, {{":since", since}})) {
    rows.push_back({.day = row.required_text("day"),
                    .provider = row.required_text("provider"),
                    .model = row.id<ModelName>("model"),
                    .attempts = number(row, "attempts"),
                    .answered = number(row, "answered"),
                    .not_billed = number(row, "not_billed"),
                    .may_be_billed = number(row, "may_be_billed"),
                    .billed = Usd::from_picos(number(row, "billed")),
                    .may_be_at_most = Usd::from_micros(number(row, "may_be_micros")),
                    .without_price = number(row, "without_price")});
  }
  return rows;
}

}  // namespace heretix
