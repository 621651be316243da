#include "store/sqlite/app_file.hpp"

#include <fmt/format.h>

#include <array>
#include <sstream>
#include <utility>

#include "base/text.hpp"
#include "store/postgres/history.hpp"

namespace heretix {
namespace {

using Words = std::pair<std::string_view, std::string_view>;
constexpr std::array kWords = {Words{"DEFAULT now()", "DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now'))"},
                               Words{" double precision", " REAL"},
                               Words{" timestamptz", " TEXT"},
                               Words{" uuid", " TEXT"},
                               Words{" jsonb", " TEXT"},
                               Words{" date ", " TEXT "},
                               Words{" bytea", " BLOB"},
                               Words{" boolean", " INTEGER"},
                               Words{" bigint", " INTEGER"},
                               Words{" varchar(", " VARCHAR("}};

constexpr const char* kMakeVersion =
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY "
    "(version_num))";

// Kept in the harness's file.
bool is_of_the_harness(const std::string& statement) {
  return statement.find(" heretix_") != std::string::npos || statement.find("TABLE samples") != std::string::npos ||
         statement.find("ON samples") != std::string::npos;
}

// SQLite stores any length in any column, and has no statement that changes a column's type.
bool only_changes_a_type(const std::string& statement) {
  return statement.find(" ALTER COLUMN ") != std::string::npos && statement.find(" TYPE ") != std::string::npos;
}

std::string in_sqlite(std::string statement) {
  for (const auto& [from, to] : kWords) statement = replaced(statement, from, to);
  return statement;
}

std::string word_of(SqliteDatabase& database) {
  const auto rows = database.query("SELECT version_num FROM alembic_version");
  return rows.size() == 1 ? rows[0].text_or_empty("version_num") : "";
}

bool is_known(const std::string& word) {
  for (const Revision& revision : history()) {
    if (revision.id == word) return true;
  }
  return false;
}

void upgrade(SqliteDatabase& database) {
  Transaction transaction(database);  // another process may have been first
  if (!database.has_table("alembic_version")) database.execute_script(kMakeVersion);
  const std::string word = word_of(database);
  bool is_behind = word.empty();
  for (const Revision& revision : history()) {
    if (is_behind) {
      for (const std::string& statement : statements_for_sqlite(revision.up)) database.execute_script(statement);
    }
    is_behind = is_behind || revision.id == word;
  }
  database.execute("DELETE FROM alembic_version");
  database.execute("INSERT INTO alembic_version (version_num) VALUES (:word)", {{":word", history().back().id}});
  transaction.commit();
}

void require_ours(SqliteDatabase& database) {
  if (!database.has_table("alembic_version")) {
    if (database.query("SELECT name FROM sqlite_master LIMIT 1").empty()) return;
    throw Error(ErrorKind::bad_input, fmt::format("{} is no database of the service", database.path()),
                "name another file by --app-db; this one was left as it is");
  }
  const std::string word = word_of(database);
  if (is_known(word)) return;
  throw Error(ErrorKind::bad_input,
              fmt::format("{} is at revision '{}', which this program does not know", database.path(), word),
              "use a newer heretix, or name another file by --app-db");
}

}  // namespace

std::vector<std::string> statements_for_sqlite(std::string_view postgres_sql) {
  std::vector<std::string> statements;
  std::istringstream lines{std::string(postgres_sql)};
  std::string statement;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("--")) continue;
    statement += line + "\n";
    if (!line.ends_with(";")) continue;
    if (!is_of_the_harness(statement) && !only_changes_a_type(statement)) statements.push_back(in_sqlite(statement));
    statement.clear();
  }
  return statements;
}

std::unique_ptr<SqliteDatabase> open_app_file(const std::string& path) {
  auto database = std::make_unique<SqliteDatabase>(path, SqliteOptions{.access = Access::create});
  require_ours(*database);
  if (!database->has_table("alembic_version") || word_of(*database) != history().back().id) upgrade(*database);
  database->execute_script("PRAGMA foreign_keys=ON");
  return database;
}

}  // namespace heretix
