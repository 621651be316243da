// The names of the service's plans. What each of them allows is in service/usage/plans.hpp.
#pragma once

#include <string_view>

#include "base/word_table.hpp"

namespace heretix {

enum class PlanName { trial, starter, core, pro };
inline constexpr WordTable<PlanName, 4> kPlanNameWords{
    {{PlanName::trial, "trial"}, {PlanName::starter, "starter"}, {PlanName::core, "core"}, {PlanName::pro, "pro"}}};
constexpr std::string_view to_word(PlanName plan) { return kPlanNameWords.word(plan); }

}  // namespace heretix
