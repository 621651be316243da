// The one table of what each plan allows. Prices are kept by the payment provider. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "service/account/plan_name.hpp"

namespace heretix {

enum class Per { ever, month };  // a calendar month in UTC

struct ServicePlan {
  PlanName name;
  std::string_view title;  // for people
  std::int64_t checks;
  Per per;
  bool goes_deep = false;  // more questions than a standard check
};

std::span<const ServicePlan> service_plans();  // from the smallest
const ServicePlan& service_plan(PlanName name);
const ServicePlan* find_service_plan(std::string_view name);  // null: no such plan

struct UsagePeriod {
  std::string first_day, last_day;  // "2026-11-01", "2026-11-30"
};
// `now`: "2026-11-23 …" in UTC.
UsagePeriod period_of(const ServicePlan& plan, std::string_view now);

}  // namespace heretix
