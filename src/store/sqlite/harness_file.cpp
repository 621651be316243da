#include "store/sqlite/harness_file.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <vector>

#include "base/error.hpp"
#include "store/sqlite/schema.hpp"

namespace heretix {
namespace {

constexpr std::uintmax_t kQuickCheckBytes = 32U << 20;  // larger files are checked as they are read

std::set<std::string> tables_of(Database& database) {
  std::set<std::string> names;
  for (const Row& row : database.query("SELECT name FROM sqlite_master WHERE type = 'table'")) {
    names.insert(row.text_or_empty("name"));
  }
  return names;
}

void require_whole(SqliteDatabase& database) {
  if (std::filesystem::file_size(database.path()) > kQuickCheckBytes) return;
  const std::vector<Row> found = database.query("PRAGMA quick_check(1)");
  const std::string told = found.empty() ? "no answer" : found[0].text_or_empty("quick_check");
  if (told == "ok") return;
  throw Error(ErrorKind::broken, fmt::format("{}: the database is corrupt ({})", database.path(), told),
              "it was left as it is; restore a copy, or name another file with --db");
}

// Of that table in a new file, in their order: what a file of the contract has is said by its SQL alone.
std::vector<std::string> columns_in_contract(const std::string& table) {
  SQLite::Database contract(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  contract.exec(std::string(kContractSql));
  SQLite::Statement columns(contract, fmt::format("SELECT name FROM pragma_table_info('{}')", table));

  std::vector<std::string> names;
  while (columns.executeStep()) names.push_back(columns.getColumn(0).getString());
  return names;
}

void require_columns(SqliteDatabase& database, const std::string& table, std::vector<std::string> missing) {
  std::set<std::string> found;
  for (const Row& row : database.query(fmt::format("PRAGMA table_info({})", table)))
    found.insert(row.text_or_empty("name"));

  std::erase_if(missing, [&](const std::string& name) { return found.contains(name); });
  if (missing.empty()) return;
  throw Error(ErrorKind::bad_input,
              fmt::format("{} is not a Heretix database: its table {} has no {}", database.path(), table,
                          fmt::join(missing, ", ")),
              "name another file with --db; this one was left as it is");
}

void require_ours(SqliteDatabase& database, const std::set<std::string>& tables) {
  if (!tables.contains("runs") || !tables.contains("samples")) {
    throw Error(
        ErrorKind::bad_input,
        fmt::format("{} is not a Heretix database: it needs the tables runs and samples, and has {}", database.path(),
                    tables.empty() ? "none at all" : fmt::format("{}", fmt::join(tables, ", "))),
        "name another file with --db; this one was left as it is");
  }
  require_columns(database, "runs", runs_columns());
  require_columns(database, "samples", samples_columns());
}

std::int64_t schema_number(Database& database) {
  const std::vector<Row> found = database.query("SELECT value FROM heretix_meta WHERE key = 'schema'");
  return found.empty() ? 0 : found[0].integer("value").value_or(0);
}

void require_not_newer(SqliteDatabase& database) {
  const std::int64_t number = schema_number(database);
  if (number >= 1 && number <= kSchemaNumber) return;
  throw Error(ErrorKind::bad_input,
              fmt::format("{} has Heretix schema {}; this program knows {}", database.path(), number, kSchemaNumber),
              "use a newer heretix, or name another file with --db");
}

// What is missing of our tables, again inside the transaction: another process may have been first.
void add_our_tables(SqliteDatabase& database) {
  Transaction transaction(database);
  const std::set<std::string> tables = tables_of(database);
  if (tables.empty()) database.execute_script(kContractSql);
  const std::int64_t number = tables.contains("heretix_meta") ? schema_number(database) : 0;
  if (number < 1) database.execute_script(kSchema1Sql);
  if (number < 2) database.execute_script(kSchema2Sql);
  if (number < 3) database.execute_script(kSchema3Sql);
  if (number < 4) database.execute_script(kSchema4Sql);
  if (number < 5) database.execute_script(kSchema5Sql);
  if (number < 6) database.execute_script(kSchema6Sql);
  if (number < 7) database.execute_script(kSchema7Sql);
  if (number < kSchemaNumber)
    database.execute("INSERT OR REPLACE INTO heretix_meta (key, value) VALUES ('schema', :number)",
                     {{":number", std::to_string(kSchemaNumber)}});
  transaction.commit();
}

// A foreign `samples` may point at `runs`, and answers come before the run row.
void set_foreign_keys(SqliteDatabase& database) {
  const bool declared = !database.query("PRAGMA foreign_key_list(samples)").empty();
  database.execute_script(declared ? "PRAGMA foreign_keys=OFF" : "PRAGMA foreign_keys=ON");
}

}  // namespace

const std::vector<std::string>& runs_columns() {
  static const std::vector<std::string> names = columns_in_contract("runs");
  return names;
}
const std::vector<std::string>& samples_columns() {
  static const std::vector<std::string> names = columns_in_contract("samples");
  return names;
}

std::unique_ptr<SqliteDatabase> open_harness_file(const std::string& path, const SqliteOptions& options) {
  auto database = std::make_unique<SqliteDatabase>(path, options);
  require_whole(*database);
  const bool fresh = options.access == Access::create && tables_of(*database).empty();
  if (!fresh) require_ours(*database, tables_of(*database));
  const bool has_ours = database->has_table("heretix_meta");
  if (has_ours) require_not_newer(*database);
  const bool is_older = !has_ours || schema_number(*database) < kSchemaNumber;
  if (is_older && options.access != Access::read_only) add_our_tables(*database);
  if (options.access != Access::read_only) set_foreign_keys(*database);
  return database;
}

}  // namespace heretix
