// Reads runs, samples and executions of a harness file in one snapshot. Files of other programs have only the first
// two.
#pragma once

#include <memory>

#include "archive/export/source.hpp"
#include "store/sqlite/sqlite_database.hpp"

namespace heretix {

// `file` has runs and samples with the columns of the contract. `note` is told of rows that are left out: earlier
// executions whose record cannot be made again.
std::unique_ptr<Source> open_sqlite_source(std::unique_ptr<SqliteDatabase> file, Note note);

}  // namespace heretix
