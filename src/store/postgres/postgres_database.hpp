// The Postgres adapter: libpq with a deadline of ours on every wait, except the resolver's for the name of a host.
//
// Parameters are always bound and session state is never set, so that a transaction pooler may stand between
// (PgBouncer, Neon's pooled hosts). Statements that come again are prepared only if no pooler does. A broken connection
// is replaced, after a growing pause, before the next transaction: a serverless database that was asleep looks like a
// slow connection.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "store/database.hpp"
#include "store/postgres/address.hpp"
#include "store/postgres/parameters.hpp"

namespace heretix {

struct PostgresOptions {
  std::chrono::milliseconds connect_deadline{15'000};    // of one host in one attempt; connect_timeout wins
  std::chrono::milliseconds statement_deadline{30'000};  // then the server is asked to cancel
  std::chrono::milliseconds copy_deadline{600'000};      // until the first row (it may have to sort) and between rows
  int connect_tries = 6;                                 // where the server cannot be reached or still starts
  bool reconnects = true;  // false: a broken connection stays broken, for a holder of a session's lock
  std::string application_name = "heretix";
};

// An error with the SQL state that the server gave, for callers that handle particular ones.
class PostgresError : public Error {
 public:
  PostgresError(const Error& error, std::string sqlstate) : Error(error), sqlstate_(std::move(sqlstate)) {}
  const std::string& sqlstate() const noexcept { return sqlstate_; }

 private:
  std::string sqlstate_;
};

struct ServerFacts {
  std::string version;   // "15.18 (Debian …)"
  std::string pglite;    // "PGlite 0.5.14", whose clients share one session; empty: a server of PostgreSQL
  std::string tls;       // "TLSv1.3"; empty: not encrypted
  int protocol_pid = 0;  // what the other side named itself; a pooler names another than pg_backend_pid()
};

// The content of one message of a COPY, in libpq's own memory.
class CopiedBytes {
 public:
  CopiedBytes(char* bytes, std::size_t size) : bytes_(bytes), size_(size) {}
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  struct Free {
    void operator()(char* bytes) const;
  };
  std::unique_ptr<char, Free> bytes_;
  std::size_t size_;
};

class PostgresDatabase final : public Database {
 public:
  // Connects at once. Throws Error: unavailable (not reached), not_allowed (password, TLS, rights), not_found (no such
  // database), bad_input (a parameter that libpq refuses). Messages name the address without its password.
  explicit PostgresDatabase(PostgresAddress address, PostgresOptions options = {});
  ~PostgresDatabase() override;

  std::int64_t execute(std::string_view sql, const Bindings& bindings = {}) override;
  std::vector<std::vector<Row>> query_all(const std::vector<Query>& queries) override;
  void begin() override;
  void begin_beside_others() override;
  void lock(const std::string& name) override;
  bool try_lock(const std::string& name) override;
  bool locks_rows() const override { return true; }
  void commit() override;
  void rollback() noexcept override;
  bool has_table(std::string_view name) override;

  void execute_script(std::string_view sql);  // several statements, no parameters
  const PostgresAddress& address() const { return address_; }
  ServerFacts facts();

  // A transaction that only reads and sees one state from its first statement to its last; rollback() ends it.
  void begin_snapshot();
  // One COPY at a time, within begin_snapshot(). `sql` is `COPY (…) TO STDOUT (FORMAT binary)`.
  void start_copy(std::string_view sql);
  // What the server sends next, one tuple for each call (the header precedes the first, PostgreSQL manual, COPY,
  // "Binary Format"). Empty at the end. The server has PostgresOptions::copy_deadline for each.
  std::optional<CopiedBytes> next_copied();

 private:
  std::vector<Row> rows_of(std::string_view sql, const Bindings& bindings, Effect effect) override;

  struct Connection;
  struct Result;
  struct Statement;
  using StatementPlace = std::shared_ptr<Statement>;
  Result run(std::string_view sql, const Bindings* bindings);
  Result answer_to(int sent);
  Result learn_whether_direct();
  StatementPlace statement_of(std::string_view sql);
  Result prepare_if_frequent(Statement& statement);
  bool forget_statements_after(Result& failed);
  int send_bound(const Statement& statement, const WireParameters& wire);
  Result run_bound(std::string_view sql, const Bindings& bindings);
  std::optional<std::vector<std::vector<Row>>> pipelined(const std::vector<Query>& queries);
  [[noreturn]] void refuse_in_transaction(Result failed);
  void conclude(Result& result, bool heard_everything);
  Result run_idempotent(std::string_view sql, const Bindings* bindings);
  void begin_with(const char* isolation);
  void send_begin();
  std::string limit_of_transaction() const;
  void connect();
  void connect_to(const PostgresAddress& host);
  void connect_with_backoff();
  enum class Doing { reads, writes, commits };
  [[noreturn]] void lost(Doing doing);
  void require_success(const Result& result, Doing doing);
  [[noreturn]] void refuse(const Result& result);
  bool is_dead_while_idle();
  void ensure_alive();  // before what may be sent on a new connection

  PostgresAddress address_;
  PostgresOptions options_;
  std::unique_ptr<Connection> connection_;
  bool in_transaction_ = false;
  std::string unsent_begin_;  // of this transaction, with its isolation level; empty once it was sent
};

}  // namespace heretix
