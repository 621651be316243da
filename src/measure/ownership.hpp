// Who runs an execution, and whether it still does: what decides whether a question in flight is waited for or counts
// as one whose outcome nobody will see.
//
// In a harness file an execution holds its name in the store (Database::hold). The file also says boot id, process id
// and start time, for programs of before that lock, whose executions are told by these alone. In Postgres an execution
// belongs to a job, whose lease says it.
#pragma once

#include <memory>
#include <string>

#include "store/database.hpp"

namespace heretix {

struct Ownership {
  std::string owner;               // as the execution's row keeps it
  std::unique_ptr<HeldName> held;  // kept until the execution's end is written
};

// Before the execution's row is written. Throws what Database::hold throws.
Ownership own_execution(Database& store, const std::string& execution_id);

// `owner` as the execution's row has it. Throws what Database::is_held throws.
bool still_runs(Database& store, const std::string& execution_id, const std::string& owner);

// Boot id, process id and start time.
std::string this_process();

// Whether that process runs, as far as this process's own namespace shows. One that was killed and waits to be reaped
// does not.
bool process_runs(const std::string& process);

}  // namespace heretix
