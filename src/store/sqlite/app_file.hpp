// The file of the embedded service: the tables of the Postgres history with the same names and columns, in SQLite.
//
// They are made from the same SQL (migrations/), type names exchanged: uuid, JSON and dates are TEXT, times TEXT in UTC
// with microseconds. Answers and executions (`samples`, heretix_*) are not here: they stay shared with the command line
// in the harness's file.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/sqlite/sqlite_database.hpp"

namespace heretix {

// Opens the file at `path`, makes it where there is none, and brings it to the newest revision, in one transaction.
// Throws Error{bad_input} for a file that is no such database or at a revision that this program does not know, and
// whatever SqliteDatabase throws.
std::unique_ptr<SqliteDatabase> open_app_file(const std::string& path);

// The statements of a revision's SQL that the file takes, in SQLite's words. Pure.
std::vector<std::string> statements_for_sqlite(std::string_view postgres_sql);

}  // namespace heretix
