// A database connection as features see it: named parameters, rows by column name, transactions.
//
// A feature owns its SQL as named constants; connections, transactions and migrations live here. Parameters are
// always bound, never pasted into SQL.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace heretix {

using Value = std::variant<std::monostate, std::int64_t, double, std::string>;  // monostate is NULL

struct Binding {
  std::string_view name;  // with its colon, e.g. ":claim"
  Value value;
};
using Bindings = std::vector<Binding>;

// Missing columns throw Error{broken}; NULL is an empty optional.
class Row {
 public:
  explicit Row(std::map<std::string, Value, std::less<>> values) : values_(std::move(values)) {}
  bool has(std::string_view column) const { return values_.find(column) != values_.end(); }
  const Value& value(std::string_view column) const;
  std::optional<std::int64_t> integer(std::string_view column) const;  // REAL and TEXT are read as whole numbers
  std::optional<double> real(std::string_view column) const;
  std::optional<std::string> text(std::string_view column) const;
  std::string text_or_empty(std::string_view column) const { return text(column).value_or(std::string{}); }

 private:
  std::map<std::string, Value, std::less<>> values_;
};

// Not thread-safe: one connection, one thread. Errors name the database: unavailable (locked, full disk: nothing
// happened), not_allowed (read-only), broken (corrupt, or SQL that does not fit the schema).
class Database {
 public:
  virtual ~Database() = default;
  virtual std::int64_t execute(std::string_view sql, const Bindings& bindings = {}) = 0;  // rows changed
  virtual std::vector<Row> query(std::string_view sql, const Bindings& bindings = {}) = 0;
  virtual void begin() = 0;  // takes the write lock at once, so that nothing read goes stale
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;
};

// Rolls back unless committed. Acknowledge what it wrote only after commit() returned: then it survives a power cut.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) { database_.begin(); }
  ~Transaction() {
    if (!committed_) database_.rollback();
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    database_.commit();
    committed_ = true;
  }

 private:
  Database& database_;
  bool committed_ = false;
};

}  // namespace heretix
