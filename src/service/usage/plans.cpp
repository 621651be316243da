#include "service/usage/plans.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <stdexcept>

namespace heretix {
namespace {

constexpr std::array kPlans = {ServicePlan{PlanName::trial, "Trial", 3, Per::ever},
                               ServicePlan{PlanName::starter, "Starter", 20, Per::month, true},
                               ServicePlan{PlanName::core, "Core", 100, Per::month, true},
                               ServicePlan{PlanName::pro, "Pro", 750, Per::month, true}};

int number(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::span<const ServicePlan> service_plans() { return kPlans; }

const ServicePlan& service_plan(PlanName name) {
  const auto found = std::ranges::find(kPlans, name, &ServicePlan::name);
  if (found == kPlans.end()) throw std::logic_error("a plan that allows nothing");
  return *found;
}

const ServicePlan* find_service_plan(std::string_view name) {
  const auto found = kPlanNameWords.value(name);
  return found ? &service_plan(*found) : nullptr;
}

UsagePeriod period_of(const ServicePlan& plan, std::string_view now) {
  if (plan.per == Per::ever) return {"1970-01-01", "9999-12-31"};
  using namespace std::chrono;
  const year_month month =
      year(number(now.substr(0, 4))) / std::chrono::month(static_cast<unsigned>(number(now.substr(5, 2))));
  const year_month_day last{month / std::chrono::last};
  const std::string prefix(now.substr(0, 8));
  return {prefix + "01", prefix + fmt::format("{:02}", static_cast<unsigned>(last.day()))};
}

}  // namespace heretix
