// A database connection as features see it: named parameters, rows by column name, transactions.
//
// A feature owns its SQL as named constants; connections, transactions and migrations live here. Parameters are
// always bound, never pasted into SQL.
//
// One SQL text serves both stores. Beside plain SQL every adapter understands now(), the database's time;
// later(SECONDS), that much after it (or before it, if the number is negative); and FOR UPDATE [SKIP LOCKED] at the end
// of a SELECT. A time is read as text in UTC with microseconds, "2026-11-23 08:00:00.000000".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/value.hpp"

namespace heretix {

struct Binding {
  std::string_view name;  // with its colon, e.g. ":claim"
  Value value;
  bool is_bytes = false;  // a string that may be no UTF-8: for a column of bytes where the store has such
};
using Bindings = std::vector<Binding>;

// What a statement does, as its author declares: only a statement that reads may be sent again after its connection
// broke.
enum class Effect { reads, changes };

struct Query {
  std::string sql;
  Bindings bindings;
  Effect effect = Effect::reads;
};

// The names of a result's columns, which all its rows share, because names of its own in every row would cost more than
// the values.
using ColumnNames = std::shared_ptr<const std::vector<std::string>>;

// A missing column throws Error{broken}; NULL is an empty optional. If two columns have the same name, the first
// counts.
class Row {
 public:
  // As many values as names, in their order.
  Row(ColumnNames names, std::vector<Value> values) : names_(std::move(names)), values_(std::move(values)) {}

  bool has(std::string_view column) const { return find(column) != nullptr; }
  const Value& value(std::string_view column) const;
  std::optional<std::int64_t> integer(std::string_view column) const;  // REAL and TEXT are read as whole numbers
  std::optional<double> real(std::string_view column) const;
  std::optional<std::string> text(std::string_view column) const;
  Row with(const std::string& column, Value value) const;  // a copy, that column set
  std::string text_or_empty(std::string_view column) const { return text(column).value_or(std::string{}); }
  // For a column that the schema keeps from being NULL. Throws Error{broken} if it is.
  std::string required_text(std::string_view column) const;
  // The id or name in a column, e.g. id<UserId>("user_id"). Throws Error{broken} for NULL.
  template <class Identity>
  Identity id(std::string_view column) const {
    return Identity{required_text(column)};
  }
  template <class Identity>
  std::optional<Identity> id_if_any(std::string_view column) const {
    auto found = text(column);
    return found ? std::optional(Identity{std::move(*found)}) : std::nullopt;
  }

 private:
  const Value* find(std::string_view column) const;

  ColumnNames names_;
  std::vector<Value> values_;
};

// A transaction that may simply be done again as a whole, because it lost against another one or its connection broke
// before COMMIT was sent. Nothing of it was kept.
class TransactionLost : public Error {
 public:
  using Error::Error;
};

// A name that is held until this object is destroyed or its process ends, in whatever way (Database::hold).
class HeldName {
 public:
  HeldName() = default;
  virtual ~HeldName() = default;
  HeldName(const HeldName&) = delete;
  HeldName& operator=(const HeldName&) = delete;
};

// Not thread-safe: one connection, one thread. Errors name the database: unavailable (locked, full disk, no answer in
// time: nothing happened), not_allowed (read-only), conflict (a key that is taken), in_doubt (a COMMIT whose outcome
// was never heard), broken (corrupt, or SQL that does not fit the schema); and TransactionLost.
class Database {
 public:
  virtual ~Database() = default;
  virtual std::int64_t execute(std::string_view sql, const Bindings& bindings = {}) = 0;  // rows changed
  // The rows of a statement that only reads, which may lock what it reads. SQLite throws Error{broken} for any other.
  std::vector<Row> query(std::string_view sql, const Bindings& bindings = {}) {
    return rows_of(sql, bindings, Effect::reads);
  }
  // The rows that a change returns (RETURNING).
  std::vector<Row> change(std::string_view sql, const Bindings& bindings = {}) {
    return rows_of(sql, bindings, Effect::changes);
  }
  // Runs the queries in one round trip if the store can do that, which outside a transaction requires that all of them
  // only read. Returns what each found, in their order. Outside a transaction each may see another state.
  virtual std::vector<std::vector<Row>> query_all(const std::vector<Query>& queries);
  // Begins a transaction in which nothing that was read goes stale before the commit: SQLite takes the write lock at
  // once; Postgres runs it serializable, and the loser of two gets TransactionLost.
  virtual void begin() = 0;
  // Begins a transaction beside which others may commit, and which is never lost against them. What it reads may go
  // stale unless it is locked: a row by FOR UPDATE or by changing it, a name by lock(). SQLite: the same as begin().
  virtual void begin_beside_others() { begin(); }
  // Locks a name that belongs to no row. One transaction holds it at a time, until it ends. Use it within
  // begin_beside_others().
  virtual void lock(const std::string& /*name*/) {}
  // Whether a statement that changes rows may hold a SELECT that locks them.
  virtual bool locks_rows() const { return false; }
  virtual bool try_lock(const std::string& /*name*/) { return true; }  // false: somebody holds it
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;
  virtual bool has_table(std::string_view name) = 0;
  // Holds a name beyond transactions, for as long as the object lives; everyone who shares the store sees it by
  // is_held(). Null if the store has no such lock, as Postgres, whose jobs have leases.
  virtual std::unique_ptr<HeldName> hold(const std::string& /*name*/) { return nullptr; }
  virtual bool is_held(const std::string& /*name*/) { return false; }
  // Names the connection: objects that share one have the same.
  virtual const void* connection() const { return this; }
  // Whether another connection may have committed since the last call, or since the database was opened.
  virtual bool changed_elsewhere() { return true; }

 private:
  virtual std::vector<Row> rows_of(std::string_view sql, const Bindings& bindings, Effect effect) = 0;
};

enum class Isolation { alone, beside_others };  // begin(), begin_beside_others()

// A transaction that is rolled back unless it is committed. Acknowledge what it wrote only after commit() has returned:
// from then on it survives a power cut.
class Transaction {
 public:
  explicit Transaction(Database& database, Isolation isolation = Isolation::alone) : database_(database) {
    if (isolation == Isolation::alone) database_.begin();
    else database_.begin_beside_others();
  }
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

// What becomes of a COMMIT whose outcome was never heard, because the connection broke.
enum class UnheardCommit {
  is_in_doubt,    // Error{in_doubt}: doing it twice would be wrong
  is_done_again,  // doing it twice comes to the same as doing it once
  is_let_go       // taken as done: a loss would not matter
};

struct TransactionOptions {
  int tries = 8;
  Isolation isolation = Isolation::alone;
  UnheardCommit unheard = UnheardCommit::is_in_doubt;
  // In place of `unheard`: asks whether the transaction was committed, by a key that it wrote.
  std::function<bool()> was_committed{};
};

// Runs `body` in one transaction, and again as a whole (after a growing, jittered pause) if it was lost; so `body` must
// not change anything outside the database. Throws what `body` throws, TransactionLost after the last try, and
// in_doubt.
void in_transaction(Database& database, const std::function<void()>& body, const TransactionOptions& options = {});

}  // namespace heretix
