// The harness's file: `runs` and `samples` as every program knows them, and our heretix_* tables beside.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "store/sqlite/sqlite_database.hpp"

namespace heretix {

// Opens the file at `path`; Access::create makes it and its folder where there is none. Our tables are added to a
// file of another program on first writing use, in one transaction, without touching its own.
// Throws Error: bad_input for a file that is no Heretix database (it says what was found) or newer than this
// program, broken for a corrupt or truncated one, and whatever SqliteDatabase throws. Nothing is ever repaired.
std::unique_ptr<SqliteDatabase> open_harness_file(const std::string& path, const SqliteOptions& options);

// The columns of the shared contract (docs/storage.md), in its order.
const std::vector<std::string>& runs_columns();
const std::vector<std::string>& samples_columns();

}  // namespace heretix
