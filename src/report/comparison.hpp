// Several records of one claim side by side, mostly of different models.
#pragma once

#include <string>
#include <vector>

#include "belief/record/record.hpp"
#include "report/text.hpp"

namespace heretix {

// One row for each record: estimate, interval, gates and cost, with the intervals on one scale.
std::string comparison_text(const std::vector<Record>& records, const TextStyle& style);

}  // namespace heretix
