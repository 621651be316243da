#include "store/sqlite/app_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "store/postgres/history.hpp"

namespace heretix {
namespace {

// "checks.claim" for each column of a table that is not kept in the harness's file.
std::set<std::string> service_columns_in_postgres() {
  constexpr std::string_view kColumn = "column ";
  std::set<std::string> columns;
  for (const auto& [object, definition] : history().back().catalogue) {
    if (!object.starts_with(kColumn)) continue;
    const std::string column = object.substr(kColumn.size());
    if (!column.starts_with("heretix_") && !column.starts_with("samples.")) columns.insert(column);
  }
  return columns;
}

std::set<std::string> columns_of(Database& database) {
  std::set<std::string> columns;
  for (const Row& row : database.query(
           "SELECT m.name || '.' || c.name AS place FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type "
           "= 'table'"))
    columns.insert(row.text_or_empty("place"));
  return columns;
}

// A revision's two texts are written apart, and must come to the same tables.
TEST(AppFile, HasTheTablesAndColumnsOfThePostgresHistory) {
  const auto path = std::filesystem::path(testing::TempDir()) / "app_file.sqlite";
  std::filesystem::remove(path);
  const auto database = open_app_file(path);
  EXPECT_EQ(columns_of(*database), service_columns_in_postgres());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace heretix
