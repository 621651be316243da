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

// The names held beside one database. Thread-safe.
class OwnersFile {
 public:
  explicit OwnersFile(std::string database_path);  // touches nothing

  // Null where the kernel has no locks of open files (Linux has them since 3.15). Throws Error: conflict where the name
  // is held already, not_allowed or unavailable where the file cannot be made or locked.
  std::unique_ptr<HeldName> hold(const std::string& name) const;

  // Whether any process, or another object of this one, holds the name. Changes nothing, so that a reader of a database
  // it may not write can ask. Throws Error where the file is there but cannot be asked.
  bool is_held(const std::string& name) const;

 private:
  std::string database_path_;
  std::string path_;
};

}  // namespace heretix
