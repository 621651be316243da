// What the wordings of many stored executions said, read as they are needed for statistics over a set: without making
// every record again where its stored form already says it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "measure/run_store.hpp"

namespace heretix {

struct StoredWording {
  std::string wording;  // as the bank has it
  double value;         // M_k of belief_v2, in log-odds
};

// Calls `take` once for each of these executions that is stored and done, in their order, with its wordings that have a
// usable answer. The values are those of the whole record, bit by bit. A record that is damaged counts as missing.
void read_stored_wordings(
    RunStore& runs, const std::vector<ExecutionId>& executions,
    const std::function<void(const ExecutionId& execution, const std::vector<StoredWording>& wordings)>& take);

}  // namespace heretix
