// Names that a process holds for as long as it lives: locks of the kernel on single bytes of a file beside the
// database (its path and "-owners").
//
// The kernel releases such a lock when its holder ends, in whatever way, before anybody could reap the process. No
// clock and no process id is involved, so a lock holds between containers with process ids of their own, and between
// hosts that share the file, wherever SQLite's own locks do: both are byte ranges of fcntl(2). The database file itself
// is not touched, because closing a second descriptor of it would drop SQLite's locks.
#pragma once

#include <memory>
#include <string>

#include "store/database.hpp"

namespace heretix {

// Null where the kernel has no locks of open files (Linux has them since 3.15). Thread-safe. Throws Error: conflict
// where the name is held already, not_allowed or unavailable where the file cannot be made or locked.
std::unique_ptr<HeldName> hold_name(const std::string& database_path, const std::string& name);

// Whether any process, or another object of this one, holds the name. Changes nothing, so that a reader of a database
// it may not write can ask. Thread-safe. Throws Error where the file is there but cannot be asked.
bool is_name_held(const std::string& database_path, const std::string& name);

}  // namespace heretix
