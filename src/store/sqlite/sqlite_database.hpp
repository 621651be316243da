// The SQLite adapter: durable by default, one writer at a time.
//
// synchronous=FULL, BEGIN IMMEDIATE for every transaction, a busy timeout. The linked SQLite decides the journal:
// WAL has a bug in 3.7.0 to 3.51.2 (but 3.44.6 and 3.50.7) that can corrupt a file written by two connections, so
// there a rollback journal (TRUNCATE) is used. docs/storage.md says more.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "store/database.hpp"

namespace heretix {

enum class Access { read_only, read_write, create };

struct SqliteOptions {
  Access access = Access::read_write;
  std::chrono::milliseconds busy_timeout{30'000};
};

class SqliteDatabase final : public Database {
 public:
  // Access::create makes the file with mode 0600. Throws Error: not_found, not_allowed, unavailable (locked),
  // broken (corrupt) or bad_input (not a database).
  SqliteDatabase(const std::string& path, const SqliteOptions& options);
  ~SqliteDatabase() override;

  std::int64_t execute(std::string_view sql, const Bindings& bindings = {}) override;
  std::vector<Row> query(std::string_view sql, const Bindings& bindings = {}) override;
  void begin() override;
  void commit() override;
  void rollback() noexcept override;
  bool has_table(std::string_view name) override;

  void execute_script(std::string_view sql);  // several statements, no parameters
  const std::string& path() const { return path_; }

 private:
  struct Connection;
  std::string path_;
  std::unique_ptr<Connection> connection_;
};

// Whether that SQLite version (as sqlite3_libversion_number() gives it) can run WAL without the bug.
bool wal_is_safe(int version);

}  // namespace heretix
