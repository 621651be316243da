// Copies the rows of one table from a harness file to Postgres, in batches of one transaction each.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "archive/import.hpp"
#include "measure/check_row.hpp"

namespace heretix {

struct CopiedColumn {
  std::string name;  // its name in the rows passed in and read back
  ColumnKind kind;
  std::string sql{};   // its quoted name in SQL, where that differs
  std::string read{};  // the expression that reads it back where that differs
  const std::string& in_sql() const { return sql.empty() ? name : sql; }
};

struct CopiedTable {
  std::string name;
  std::vector<CopiedColumn> columns;
  std::vector<std::string> keys;  // the first key selects the rows that are read back
  // Called for a row that differs from the one that is there: whether nothing is lost all the same.
  std::function<bool(const Row&)> is_kept_elsewhere{};
  std::string more_columns{}, more_values{};  // more for the INSERT, such as ", id" and ", gen_random_uuid()"
};

using CopiedRow = std::vector<Value>;  // in the order of the columns

class RowCopier {
 public:
  RowCopier(Database& target, CopiedTable table, ImportReport& report);
  ~RowCopier() = default;
  RowCopier(const RowCopier&) = delete;
  RowCopier& operator=(const RowCopier&) = delete;

  const CopiedTable& table() const { return table_; }
  // Converts each value to its column's kind first, because SQLite keeps whatever type it was given. A row with a value
  // that cannot be converted is reported as a problem.
  void add(const Row& row);
  void flush();  // writes what is left; call it once at the end
  CopyCount count() const { return count_; }

 private:
  void write(const std::vector<CopiedRow>& rows);
  std::int64_t insert(const std::vector<CopiedRow>& rows);
  void compare(const std::vector<CopiedRow>& rows, std::size_t added);
  std::map<std::string, CopiedRow> read_back(const std::vector<CopiedRow>& rows);  // by key
  std::string differing_columns(const CopiedRow& row, const CopiedRow& there) const;
  Row as_row(const CopiedRow& row) const;
  std::string key_of(const CopiedRow& row) const;
  void problem(const CopiedRow& row, const std::string& what);

  Database& target_;
  CopiedTable table_;
  ImportReport& report_;
  CopyCount count_;
  std::vector<CopiedRow> pending_;
};

}  // namespace heretix
