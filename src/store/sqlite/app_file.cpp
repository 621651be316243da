#include "store/sqlite/app_file.hpp"

#include <fmt/format.h>

#include "store/postgres/history.hpp"

namespace heretix {
namespace {

constexpr const char* kMakeVersion =
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY "
    "(version_num))";

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
    if (is_behind) database.execute_script(revision.up_in_sqlite);
    is_behind = is_behind || revision.id == word;
  }
  database.execute("DELETE FROM alembic_version");
  database.execute("INSERT INTO alembic_version (version_num) VALUES (:word)", {{":word", history().back().id}});
  transaction.commit();
}

void require_ours(SqliteDatabase& database) {
  if (!database.has_table("alembic_version")) {
    if (database.query("SELECT name FROM sqlite_master LIMIT 1").empty()) return;
    throw Error(ErrorKind::bad_input, fmt::format("{} is not a database of the service", database.path()),
                "name another file with --app-db; this one was left as it is");
  }
  const std::string word = word_of(database);
  if (is_known(word)) return;
  throw Error(ErrorKind::bad_input,
              fmt::format("{} is at revision '{}', which this program does not know", database.path(), word),
              "use a newer heretix, or name another file with --app-db");
}

}  // namespace

std::unique_ptr<SqliteDatabase> open_app_file(const std::string& path) {
  auto database = std::make_unique<SqliteDatabase>(path, SqliteOptions{.access = Access::create});
  require_ours(*database);
  if (!database->has_table("alembic_version") || word_of(*database) != history().back().id) upgrade(*database);
  database->execute_script("PRAGMA foreign_keys=ON");
  return database;
}

}  // namespace heretix
