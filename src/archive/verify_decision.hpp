// Recomputes a choice or a score of heretix systemone from the stored answers, and compares it with what was answered.
#pragma once

#include <string>

#include "archive/verify.hpp"

namespace heretix {

// Whether the name is that of such a decision, and not of a run.
bool names_decision(const std::string& name);

// The wordings are made again from the stored state, question and bank; each answer is read again from its raw text.
// Only reads. Throws Error{not_found}.
Verification verify_decision(const std::string& decision_id, RunStore& runs);

}  // namespace heretix
