// How a record's questions were asked, as far as that differs from what was wanted: what a server did not accept, and a
// raised output limit. The notes are shown with every result, even if all answers were stored before. Pure.
#pragma once

#include <string>
#include <vector>

#include "belief/record/record.hpp"

namespace heretix {

// A sentence each, without a full stop: "asked without temperature 0.3, which the model does not take".
std::vector<std::string> asking_notes(const Record& record);

}  // namespace heretix
