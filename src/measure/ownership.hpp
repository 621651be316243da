// Which process runs an execution, and whether it still does. This decides whether a question in flight is waited for,
// or counts as one whose outcome nobody will see.
//
// In a harness file an execution holds its name in the store (Database::hold). The file also records boot id, process
// id and start time, because the executions of programs older than that lock are recognised by these alone. In
// Postgres an execution belongs to a job, and the job's lease says whether it runs.
#pragma once

#include <memory>
#include <string>

#include "base/identity.hpp"
#include "store/database.hpp"

namespace heretix {

struct Ownership {
  std::string owner;               // the text for the execution's row
  std::unique_ptr<HeldName> held;  // keep it until the execution's end is written
};

// Call it before the execution's row is written. Throws what Database::hold throws.
Ownership own_execution(Database& store, const ExecutionId& execution_id);

// `owner` is the text in the execution's row. Throws what Database::is_held throws.
bool still_runs(Database& store, const ExecutionId& execution_id, const std::string& owner);

// Boot id, process id and start time of this process.
std::string this_process();

// Whether that process runs, as far as this process's own namespace shows. A process that was killed and waits to be
// reaped does not run.
bool process_runs(const std::string& process);

}  // namespace heretix
