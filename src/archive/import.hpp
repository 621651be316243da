// Copies what a harness file holds into a Postgres database: runs, samples, executions and all that hangs on them.
//
// Nothing is taken away from the file, nothing in the database is overwritten, and doing it again adds only what is
// new. Every row is read back and compared; every check is recomputed from its stored answers on the way. Attempts of
// two files may carry the same number for the same question: the later file's get the next free one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace heretix {

struct CopyCount {
  std::string table;
  std::size_t added = 0;
  std::size_t already = 0;  // a row with that key was there; where it differs, a problem says so
};

struct ImportReport {
  std::vector<CopyCount> tables;
  std::vector<std::string> problems;  // a row left out or different there, each with its table, key and reason
  std::vector<std::string> notes;     // what is as it should be but worth knowing
};

struct ImportOptions {
  std::string env;                                                           // local or prod, for `checks`
  std::string execution_id{};                                                // this one alone; empty: everything
  std::function<void(const std::string&)> tell = [](const std::string&) {};  // progress, a line a table
};

// `file` is read only and has `runs` and `samples`. Executions that still run are left for the next time. Throws what
// the databases throw; what was committed until then stays, and the next import goes on.
ImportReport import_file(Database& file, Database& target, const ImportOptions& options);

}  // namespace heretix
