#include "service/usage/ledger.hpp"

#include "base/random.hpp"
#include "store/stored_word.hpp"

namespace heretix {
namespace {

constexpr std::string_view kNow = "SELECT now() AS now";
constexpr std::string_view kRow =
    "SELECT plan, checks_allowed, checks_used FROM usage_ledger WHERE user_id = :user AND period_start = :first";
constexpr std::string_view kCharge =
    "INSERT INTO usage_ledger (id, user_id, period_start, period_end, plan, checks_allowed, checks_used, updated_at) "
    "VALUES (:id, :user, :first, :last, :plan, :allowed, :checks, now()) ON CONFLICT (user_id, period_start) DO UPDATE "
    "SET checks_used = usage_ledger.checks_used + excluded.checks_used, updated_at = now() WHERE "
    "usage_ledger.checks_used + excluded.checks_used <= usage_ledger.checks_allowed RETURNING id";
constexpr std::string_view kGiveBack =
    "UPDATE usage_ledger SET checks_used = checks_used - 1, updated_at = now() WHERE id = :id AND checks_used > 0";
constexpr std::string_view kOfEachPlan =
    "SELECT plan, count(*) AS users, CAST(sum(checks_used) AS bigint) AS used, CAST(sum(checks_allowed) AS bigint) AS "
    "allowed FROM usage_ledger WHERE period_start <= :day AND period_end >= :day GROUP BY plan ORDER BY plan";
constexpr std::string_view kSetPlan = "UPDATE users SET plan = :plan, updated_at = now() WHERE id = :id";
constexpr std::string_view kRaise =
    "UPDATE usage_ledger SET plan = :plan, checks_allowed = :allowed, updated_at = now() WHERE user_id = :user AND "
    "period_start = :first AND checks_allowed < :allowed";
constexpr std::string_view kChargeVisitor =
    "INSERT INTO anonymous_visitors (id, checks_used, created_at) VALUES (:id, 1, now()) ON CONFLICT (id) DO UPDATE "
    "SET "
    "checks_used = anonymous_visitors.checks_used + 1 WHERE anonymous_visitors.checks_used < :most RETURNING id";
constexpr std::string_view kGiveBackToVisitor =
    "UPDATE anonymous_visitors SET checks_used = checks_used - 1 WHERE id = :id AND checks_used > 0";
constexpr std::string_view kReserve =
    "INSERT INTO daily_spending (scope, day, micro_usd) VALUES (:scope, :day, :most) ON CONFLICT (scope, day) DO "
    "UPDATE "
    "SET micro_usd = daily_spending.micro_usd + excluded.micro_usd WHERE daily_spending.micro_usd + "
    "excluded.micro_usd <= :cap RETURNING micro_usd";

}  // namespace

std::vector<PlanUsage> Ledger::of_each_plan() {
  std::vector<PlanUsage> plans;
  for (const Row& row : database_.query(kOfEachPlan, {{":day", now().substr(0, 10)}}))
    plans.push_back({.plan = stored_as(row, "usage_ledger", "plan", kPlanNameWords),
                     .users = row.integer("users").value_or(0),
                     .used = row.integer("used").value_or(0),
                     .allowed = row.integer("allowed").value_or(0)});
  return plans;
}

std::string Ledger::now() { return database_.query(kNow)[0].required_text("now"); }

// The period's own row may be of a higher plan than the user's, which waits for the next.
CheckUsage Ledger::usage_of(const User& user) {
  const ServicePlan& plan = service_plan(user.plan);
  CheckUsage usage{.plan = plan.name, .period = period_of(plan, now()), .allowed = plan.checks};
  const auto rows = database_.query(kRow, {{":user", user.id}, {":first", usage.period.first_day}});
  if (rows.empty()) return usage;
  usage.plan = stored_as(rows[0], "usage_ledger", "plan", kPlanNameWords);
  usage.allowed = rows[0].integer("checks_allowed").value_or(0);
  usage.used = rows[0].integer("checks_used").value_or(0);
  return usage;
}

std::optional<std::string> Ledger::charge(const User& user, std::int64_t checks) {
  const ServicePlan& plan = service_plan(user.plan);
  if (checks > plan.checks && checks > usage_of(user).allowed) return std::nullopt;  // a new row would not refuse it
  const UsagePeriod period = period_of(plan, now());
  const auto rows = database_.change(kCharge, {{":id", new_uuid()},
                                               {":user", user.id},
                                               {":first", period.first_day},
                                               {":last", period.last_day},
                                               {":plan", std::string(to_word(plan.name))},
                                               {":allowed", plan.checks},
                                               {":checks", checks}});
  return rows.empty() ? std::nullopt : rows[0].text("id");
}

void Ledger::give_back(const std::string& ledger_id) { database_.execute(kGiveBack, {{":id", ledger_id}}); }

bool Ledger::set_plan(const UserId& user_id, const ServicePlan& plan) {
  if (!Users(database_).lock(user_id)) return false;  // no charge reads the plan meanwhile
  database_.execute(kSetPlan, {{":plan", std::string(to_word(plan.name))}, {":id", user_id}});
  database_.execute(kRaise, {{":plan", std::string(to_word(plan.name))},
                             {":allowed", plan.checks},
                             {":user", user_id},
                             {":first", period_of(plan, now()).first_day}});
  return true;
}

bool Ledger::charge_visitor(const VisitorId& visitor_id) {
  return !database_.change(kChargeVisitor, {{":id", visitor_id}, {":most", kAnonymousChecks}}).empty();
}

void Ledger::give_back_to_visitor(const VisitorId& visitor_id) {
  database_.execute(kGiveBackToVisitor, {{":id", visitor_id}});
}

bool Ledger::reserve_spending(const std::string& scope, Usd most, Usd cap) {
  if (most > cap) return false;
  return !database_
              .change(kReserve, {{":scope", scope},
                                 {":day", now().substr(0, 10)},
                                 {":most", most.micros_above()},
                                 {":cap", cap.micros()}})
              .empty();
}

}  // namespace heretix
