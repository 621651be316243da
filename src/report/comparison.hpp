// Several records of one claim side by side: models, mostly.
#pragma once

#include <string>
#include <vector>

#include "belief/record/record.hpp"
#include "report/text.hpp"

namespace heretix {

// A row a record: estimate, interval, gates, cost; the intervals on one scale.
std::string comparison_text(const std::vector<Record>& records, const TextStyle& style);

}  // namespace heretix
