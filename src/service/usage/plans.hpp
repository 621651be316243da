// The one table of what each plan allows. Prices are kept by the payment provider. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace heretix {

enum class Per { ever, month };  // a calendar month in UTC

struct ServicePlan {
  std::string_view name;   // as stored in users.plan
  std::string_view title;  // for people
  std::int64_t checks;
  Per per;
  bool goes_deep = false;  // more questions than a standard check
};

std::span<const ServicePlan> service_plans();                     // from the smallest
const ServicePlan* find_service_plan(std::string_view name);      // null: no such plan
const ServicePlan& service_plan_or_trial(std::string_view name);  // for a name from the database

struct UsagePeriod {
  std::string first_day, last_day;  // "2026-11-01", "2026-11-30"
};
// `now`: "2026-11-23 …" in UTC.
UsagePeriod period_of(const ServicePlan& plan, std::string_view now);

}  // namespace heretix
