// Who may have how many checks: charged when a check is accepted, given back once when it fails.
//
// Every charge is one conditional statement, so that any number of processes together grant exactly the limit. All of
// it in the caller's transaction, begun beside others. Owns the SQL of `usage_ledger`, `anonymous_visitors` and
// `daily_spending`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/money.hpp"
#include "service/account/users.hpp"
#include "service/usage/plans.hpp"
#include "store/database.hpp"

namespace heretix {

struct CheckUsage {
  std::string plan;  // of this period's row; a lower one that waits stands in users.plan
  UsagePeriod period;
  std::int64_t allowed = 0;
  std::int64_t used = 0;
};

// Of the periods that are under way, all users together.
struct PlanUsage {
  std::string plan;
  std::int64_t users = 0, used = 0, allowed = 0;
};

inline constexpr std::int64_t kAnonymousChecks = 1;

class Ledger {
 public:
  explicit Ledger(Database& database) : database_(database) {}

  CheckUsage usage_of(const User& user);  // without a row: nothing used
  std::vector<PlanUsage> of_each_plan();
  std::optional<std::string> charge(const User& user);  // the row that was charged; empty: the limit is reached
  void give_back(const std::string& ledger_id);         // one check
  // A higher plan raises this period's row at once; a lower one waits for the next period. False: no such user.
  bool set_plan(const std::string& user_id, const ServicePlan& plan);

  bool charge_visitor(const std::string& visitor_id);  // false: it had its check
  void give_back_to_visitor(const std::string& visitor_id);
  // False, and nothing reserved: it would pass the day's cap.
  bool reserve_spending(const std::string& scope, Usd most, Usd cap);

 private:
  std::string now();
  Database& database_;
};

}  // namespace heretix
