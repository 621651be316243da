// The SQLite adapter: durable by default, one writer at a time.
//
// It uses synchronous=FULL, BEGIN IMMEDIATE for every transaction, and a busy timeout. The linked SQLite decides the
// journal: WAL has a bug in 3.7.0 to 3.51.2 (except 3.44.6 and 3.50.7) that can corrupt a file written by two
// connections, so with those versions a rollback journal (TRUNCATE) is used. docs/storage.md says more.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "store/database.hpp"

namespace heretix {

enum class Access { read_only, read_write, create };

struct SqliteOptions {
  Access access = Access::read_write;
  std::chrono::milliseconds busy_timeout{30'000};
};

// The rows of one query, one at a time, for results that would not fit in memory. A text is valid until the next call
// of next(). Throws what Database::query throws. It must not outlive its database.
class SqliteCursor {
 public:
  ~SqliteCursor();
  SqliteCursor(const SqliteCursor&) = delete;
  SqliteCursor& operator=(const SqliteCursor&) = delete;

  bool next();
  enum class Type { null, integer, real, text };  // as stored in this row; bytes count as text
  Type type(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;

 private:
  friend class SqliteDatabase;
  struct State;
  explicit SqliteCursor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Throws Error{bad_input} for what can never be the database, because nothing would be kept in it: a folder, a pipe, a
// device, ":memory:" and other names to which SQLite gives a meaning. A path at which there is nothing yet is accepted.
void require_database_file(const std::string& path);

class SqliteDatabase final : public Database {
 public:
  // Access::create makes the file with mode 0600. Throws Error: not_found, not_allowed, unavailable (locked),
  // broken (corrupt) or bad_input (not a database).
  SqliteDatabase(const std::string& path, const SqliteOptions& options);
  ~SqliteDatabase() override;

  std::int64_t execute(std::string_view sql, const Bindings& bindings = {}) override;
  void begin() override;
  void commit() override;
  void rollback() noexcept override;
  bool has_table(std::string_view name) override;
  std::unique_ptr<HeldName> hold(const std::string& name) override;  // store/sqlite/held_names.hpp
  bool is_held(const std::string& name) override;
  bool changed_elsewhere() override;

  void execute_script(std::string_view sql);  // several statements, no parameters
  std::unique_ptr<SqliteCursor> open_cursor(std::string_view sql);
  // Begins a transaction that only reads and sees the state of its first statement until rollback(). If the journal is
  // not a WAL, writers wait for its end.
  void begin_snapshot();
  // The file's own count of its changes (SQLite, "Database File Format", 1.3.8), which stands still under a WAL. It is
  // read through SQLite's own descriptor, because opening and closing the file separately would drop this process's
  // locks on it.
  std::uint32_t change_counter();
  // Makes `function` callable in SQL, with the texts of two columns; NULL is given as an empty text.
  void define(const std::string& name, std::string (*function)(const std::string&, const std::string&));
  const std::string& path() const { return path_; }

 private:
  std::vector<Row> rows_of(std::string_view sql, const Bindings& bindings, Effect effect) override;

  struct Connection;
  std::int64_t data_version_ = 0;  // of the last look
  std::string path_;
  std::unique_ptr<Connection> connection_;
};

// Whether that SQLite version (as sqlite3_libversion_number() gives it) can run WAL without the bug.
bool wal_is_safe(int version);

}  // namespace heretix
