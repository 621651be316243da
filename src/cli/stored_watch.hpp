// A drift watch as the store holds it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "belief/claim/claim.hpp"
#include "measure/run_store.hpp"
#include "studies/drift/drift.hpp"
#include "studies/history/history.hpp"

namespace heretix {

struct Watch {
  std::string name;
  std::vector<Claim> claims;
};

// The state after what was measured of these sentinels. Throws Error{not_found} for an execution that is not there.
DriftState read_state(const Watch& watch, Database& database, double alpha);

// The times at which the watches of that store raised their alarms. A watch that cannot be read, because its
// measurements are damaged or are not there any more, is left out.
std::vector<HistoryAlarm> stored_alarms(RunStore& runs, double alpha);

}  // namespace heretix
