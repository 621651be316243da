// Keeps who may have how many checks. A check is charged when it is accepted, and given back once if it fails.
//
// Every charge is one conditional statement, so that any number of processes together grant exactly the limit.
// Everything runs in the caller's transaction (Isolation::beside_others). Owns the SQL of `usage_ledger`,
// `anonymous_visitors` and `daily_spending`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "base/money.hpp"
#include "service/account/users.hpp"
#include "service/usage/plans.hpp"
#include "store/database.hpp"

namespace heretix {

struct CheckUsage {
  PlanName plan = PlanName::trial;  // of this period; a lower plan that waits is in users.plan
  UsagePeriod period;
  std::int64_t allowed = 0;
  std::int64_t used = 0;
};

// The usage of all users of a plan together, in the periods that are under way.
struct PlanUsage {
  PlanName plan = PlanName::trial;
  std::int64_t users = 0, used = 0, allowed = 0;
};

inline constexpr std::int64_t kAnonymousChecks = 1;

class Ledger {
 public:
  explicit Ledger(Database& database) : database_(database) {}

  CheckUsage usage_of(const User& user);  // a user without a row has used nothing
  std::vector<PlanUsage> of_each_plan();
  // Charges all of the checks or none. Returns the row that was charged; empty: that would pass the limit.
  std::optional<std::string> charge(const User& user, std::int64_t checks = 1);
  void give_back(const std::string& ledger_id);         // one check
  // A higher plan counts at once, in this period; a lower one waits for the next period. Returns false if there is no
  // such user.
  bool set_plan(const UserId& user_id, const ServicePlan& plan);

  bool charge_visitor(const VisitorId& visitor_id);  // false: the visitor has had their check
  void give_back_to_visitor(const VisitorId& visitor_id);
  // Returns false, and reserves nothing, if that would pass the cap of the day.
  bool reserve_spending(const std::string& scope, Usd most, Usd cap);

 private:
  std::string now();
  Database& database_;
};

}  // namespace heretix
