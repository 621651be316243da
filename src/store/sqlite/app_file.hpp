// The file of the embedded service: the tables of the Postgres history with the same names and columns, in SQLite.
//
// Each revision has its statements for SQLite beside those for Postgres (migrations/REVISION/sqlite.sql): uuid, JSON
// and dates are TEXT, times are TEXT in UTC with microseconds. Answers and executions (`samples`, heretix_*) are not
// here: they stay shared with the command line, in the harness's file.
#pragma once

#include <memory>
#include <string>

#include "store/sqlite/sqlite_database.hpp"

namespace heretix {

// Opens the file at `path`, creates it if there is none, and brings it to the newest revision, in one transaction.
// Throws Error{bad_input} for a file that is not such a database or is at a revision that this program does not know,
// and whatever SqliteDatabase throws.
std::unique_ptr<SqliteDatabase> open_app_file(const std::string& path);

}  // namespace heretix
