// A plan without its questions: what would be asked, under which name, how often and how long. Pure.
#pragma once

#include "belief/plan/plan.hpp"

namespace heretix {

// The same plan as make_plan makes, with `questions` and `templates` left empty, which take nearly all of its time and
// memory. Throws what make_plan throws.
Plan outline_plan(const Recipe& recipe, const PromptBank& bank);

// How many questions the whole plan has.
std::size_t questions_planned(const Plan& outline);

}  // namespace heretix
