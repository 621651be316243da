// Copies what a harness file holds into a Postgres database: runs, samples, executions and everything that belongs to
// them.
//
// Nothing is removed from the file, nothing in the database is overwritten, and a second import adds only what is new.
// Every row is read back and compared, and every check is recomputed from its stored answers on the way. Attempts from
// two files may have the same number for the same question; those of the later file get the next free number.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "store/database.hpp"

namespace heretix {

struct CopyCount {
  std::string table;
  std::size_t added = 0;
  std::size_t already = 0;  // rows whose key was there before; a problem names each that differs
};

struct ImportReport {
  std::vector<CopyCount> tables;
  std::vector<std::string> problems;  // rows left out or found different, with table, key and reason
  std::vector<std::string> notes;     // facts that are in order but worth knowing
};

struct ImportOptions {
  std::string env;                                                           // local or prod, for `checks`
  std::optional<ExecutionId> execution_id{};                                 // import only this one; empty: everything
  std::function<void(const std::string&)> tell = [](const std::string&) {};  // progress, one line for each table
};

// `file` is only read; it has the tables `runs` and `samples`. Executions that still run are left for the next import.
// Throws what the databases throw; what was committed by then stays, and the next import continues from there.
ImportReport import_file(Database& file, Database& target, const ImportOptions& options);

}  // namespace heretix
