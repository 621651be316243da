// runs, samples and executions of a harness file, in one snapshot. Files of other programs have the first two.
#pragma once

#include <memory>

#include "archive/export/source.hpp"
#include "store/sqlite/sqlite_database.hpp"

namespace heretix {

// `file` has runs and samples with the contract's columns. `note` hears of rows left out: an earlier execution whose
// record cannot be made again.
std::unique_ptr<Source> open_sqlite_source(std::unique_ptr<SqliteDatabase> file, Note note);

}  // namespace heretix
