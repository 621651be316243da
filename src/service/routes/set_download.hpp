// The table of a set for other programs: a row for each claim and model, with the columns of a batch (docs/batch.md)
// and behind them those of the set.
#pragma once

#include <string>
#include <vector>

#include "service/sets/set_store.hpp"

namespace heretix::http {

// RFC 4180, with a header. A text that a spreadsheet would take for a formula is written as it is: the table is for
// programs, and what was measured must not change.
std::string set_as_csv(const ServedSet& set, const std::vector<SetClaim>& claims, const std::vector<SetResult>& results);

}  // namespace heretix::http
