// Resolves the names by which the embedded service shows its checks, for the commands that read a harness file.
#pragma once

#include <optional>
#include <string>

#include "base/identity.hpp"

namespace heretix {

// Returns the execution that a check of the embedded service shows under that run id, if the file of the service beside
// the store knows one. A measured check's run id names its execution itself; one that was served
// from a stored result has digits of its own, and only the service's file says what it refers to. Reads only.
std::optional<ExecutionId> execution_served_as(const RunId& run_id, const std::string& store_path);

}  // namespace heretix
