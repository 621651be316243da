// One check with its progress line, as run and batch make it.
#pragma once

#include "cli/session.hpp"

namespace heretix {

Record run_one(const Resolved& resolved, Provider& provider, Database& database, bool quiet);
bool gates_passed(const Record& record);

}  // namespace heretix
