#include "store/postgres/postgres_database.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <map>
#include <random>
#include <regex>
#include <thread>
#include <utility>

#include "base/text.hpp"
#include "store/postgres/libpq.hpp"
#include "store/postgres/values.hpp"

namespace heretix {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kCancelPatience{2'000};
constexpr int kUsesToPrepare = 3;
constexpr std::size_t kMostStatements = 200;  // of a connection, remembered
constexpr const char* kNothingHappened = "nothing was written; run the same command again";

// libpq's messages end in line breaks and may span several lines.
std::string tidy(const char* message) {
  std::string text = message == nullptr ? "" : message;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return on_one_line(replaced(replaced(text, {"\n\t", " "}), {"\n", "; "}));
}

bool wait_for(int socket, short events, Steady::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Steady::now()).count();
    if (left <= 0) return false;
    struct pollfd waited {
      socket, events, 0
    };
    const int ready = ::poll(&waited, 1, static_cast<int>(std::min<std::int64_t>(left, 1'000'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

// Whether the server is away or still starting, as opposed to having refused. libpq gives no SQL state for a failed
// connection, so only the message can tell.
bool is_worth_retrying(const std::string& message) {
  const bool answered = message.find("FATAL") != std::string::npos;
  const auto says = [&](const char* text) { return message.find(text) != std::string::npos; };
  return (!answered && !says("could not translate host name") && !says("certificate") && !says("channel binding") &&
          !says("SSL") && !says("invalid")) ||
         says("starting up") || says("shutting down") || says("too many") || says("recovery mode");
}

Error connection_error(const PostgresAddress& address, const std::string& message) {
  const auto says = [&](const char* text) { return message.find(text) != std::string::npos; };
  const std::string what = fmt::format("{}: {}", address.shown(), message);
  if (says("does not exist") && says("database"))
    return {ErrorKind::not_found, what, "create it with createdb, or name another with --database"};
  if (says("invalid value for parameter"))
    return {ErrorKind::bad_input, what, "correct that parameter of the address, of PGOPTIONS or of a service file"};
  if (says("FATAL") && !is_worth_retrying(message))
    return {ErrorKind::not_allowed, what, "check the user, password and permissions of the address"};
  if (says("certificate") || says("channel binding") || says("SSL"))
    return {ErrorKind::not_allowed, what,
            "the address asks for TLS settings that this server does not offer: check sslmode, sslrootcert, "
            "channel_binding"};
  if (says("server closed the connection unexpectedly"))
    return {ErrorKind::unavailable, what,
            "look in the server's log; PGlite's socket serves one client at a time: end the other one"};
  if (says("invalid") && !is_worth_retrying(message))
    return {ErrorKind::bad_input, what, "correct that parameter of the address"};
  return {ErrorKind::unavailable, what, "start the server (make db starts the local one), or correct the address"};
}

// libpq heeds connect_timeout only where it does the waiting itself. It counts in whole seconds; 0 means for ever, and
// less than 2 counts as 2.
std::chrono::milliseconds patience_for(const PostgresAddress& address, std::chrono::milliseconds otherwise) {
  const std::string text = address.value("connect_timeout");
  int seconds = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (failed != std::errc{} || end != text.data() + text.size() || seconds <= 0) return otherwise;
  return std::chrono::seconds(std::max(seconds, 2));
}

ErrorKind kind_of(const std::string& state) {
  if (state.starts_with("23")) return ErrorKind::conflict;
  if (state.starts_with("22")) return ErrorKind::bad_input;
  if (state == "42501" || state == "25006" || state.starts_with("28")) return ErrorKind::not_allowed;
  if (state == "55P03" || state == "57014" || state.starts_with("53")) return ErrorKind::unavailable;
  return ErrorKind::broken;
}

// What was prepared no longer exists, means something else, or is in the way under the same name: "cached plan must not
// change result type" after a migration, somebody's DEALLOCATE, a client of the same session. Nothing was executed.
bool is_about_statements(const std::string& state) { return state == "0A000" || state == "26000" || state == "42P05"; }

const char* hint_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::conflict: return "nothing was written";
    case ErrorKind::bad_input: return "a value does not fit its column; nothing was written";
    case ErrorKind::not_allowed: return "check the permissions of the address's user";
    case ErrorKind::unavailable: return kNothingHappened;
    default: return "heretix db check compares the tables with what this program knows";
  }
}

}  // namespace

// A statement of a connection; it is prepared if it comes again.
struct PostgresDatabase::Statement {
  NumberedSql numbered;
  int uses = 0;
  std::string name{};  // under which it is prepared; empty: it is not
};

struct PostgresDatabase::Connection {
  bool is_ending = false;                                         // the server said that it ends the connection
  std::optional<bool> is_direct;                                  // no pooler stands between; empty: not asked yet
  std::map<std::string, StatementPlace, std::less<>> statements;  // by their text before it is numbered
  // Begins each name, because on PGlite all clients share one session, and what an earlier one prepared is still there.
  std::string name_prefix = fmt::format("heretix_{:08x}", std::random_device{}());
  int named = 0;
  std::unique_ptr<PGconn, LibpqDeleter> handle;
  PGconn* get() const { return handle.get(); }
};

// Either rows or, with a SQL state, what the server said.
struct PostgresDatabase::Result {
  std::unique_ptr<PGresult, LibpqDeleter> rows;
  std::string sqlstate, message;
  bool broke = false;        // the connection is gone; the outcome was never heard
  bool timed_out = false;    // by our own deadline
  bool is_outdated = false;  // what it had been prepared for changed meanwhile
};

namespace {

// Notices are not shown; but a server that ends an idle connection says so in one.
void hear_notice(void* is_ending, const PGresult* notice) {
  const char* state = PQresultErrorField(notice, PG_DIAG_SQLSTATE);
  if (state != nullptr && std::string_view(state).starts_with("57P")) *static_cast<bool*>(is_ending) = true;
}

enum class Heard { everything, late, broken };

Heard flush(PGconn* connection, Steady::time_point deadline) {
  for (;;) {
    const int left = PQflush(connection);
    if (left == 0) return Heard::everything;
    if (left < 0) return Heard::broken;
    if (!wait_for(PQsocket(connection), POLLIN | POLLOUT, deadline)) return Heard::late;
    if (PQconsumeInput(connection) == 0) return Heard::broken;
  }
}

Heard hear(PGconn* connection, Steady::time_point deadline) {
  while (PQisBusy(connection) != 0) {
    if (!wait_for(PQsocket(connection), POLLIN, deadline)) return Heard::late;
    if (PQconsumeInput(connection) == 0) return Heard::broken;
  }
  return PQstatus(connection) == CONNECTION_OK ? Heard::everything : Heard::broken;
}

// PQcancel connects without a deadline of its own, so it gets a thread that nobody waits for.
void ask_to_cancel(PGconn* connection) {
  PGcancel* cancel = PQgetCancel(connection);
  if (cancel == nullptr) return;
  std::thread([cancel] {
    std::array<char, 256> ignored{};
    PQcancel(cancel, ignored.data(), static_cast<int>(ignored.size()));
    PQfreeCancel(cancel);
  }).detach();
}

using Rows = std::unique_ptr<PGresult, LibpqDeleter>;

// Collects every result of what was sent. Of several statements the first failure counts, else the last one's rows.
Heard collect(PGconn* connection, Steady::time_point deadline, Rows& kept) {
  for (;;) {
    const Heard heard = hear(connection, deadline);
    if (heard == Heard::late) return heard;
    PGresult* next = PQgetResult(connection);
    if (next == nullptr) return heard;
    const bool failed_before = kept && PQresultStatus(kept.get()) == PGRES_FATAL_ERROR;
    Rows taken(next);
    if (!failed_before) kept = std::move(taken);
    const bool copies = PQresultStatus(kept.get()) == PGRES_COPY_OUT;  // its rows come by next_copied()
    if (heard == Heard::broken || copies) return heard;
  }
}

// "PostgreSQL 18.6 (PGlite 0.5.14) on wasm32…, compiled by emcc"; earlier ones name the compiler alone.
std::string pglite_in(const std::string& version) {
  static const std::regex named(R"(PGlite [0-9.]+)");
  std::smatch found;
  if (std::regex_search(version, found, named)) return found.str();
  return version.find("Emscripten") == std::string::npos ? "" : "PGlite";
}

// Sends by the extended protocol, the only one that a pipeline accepts.
bool send_unbound(PGconn* handle, const std::string& sql) {
  return PQsendQueryParams(handle, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 1;
}

std::vector<Row> rows_in(const PGresult* table) {
  const int columns = PQnfields(table);
  auto names = std::make_shared<std::vector<std::string>>();
  names->reserve(static_cast<std::size_t>(columns));
  for (int column = 0; column < columns; ++column) names->emplace_back(PQfname(table, column));

  std::vector<Row> rows;
  rows.reserve(static_cast<std::size_t>(PQntuples(table)));
  for (int row = 0; row < PQntuples(table); ++row) {
    std::vector<Value> values;
    values.reserve(names->size());
    for (int column = 0; column < columns; ++column) values.push_back(value_of(table, row, column));
    rows.emplace_back(names, std::move(values));
  }
  return rows;
}

}  // namespace

PostgresDatabase::PostgresDatabase(PostgresAddress address, PostgresOptions options)
    : address_(std::move(address)), options_(std::move(options)), connection_(std::make_unique<Connection>()) {
  connect_with_backoff();
}

PostgresDatabase::~PostgresDatabase() = default;

void PostgresDatabase::connect() {
  const std::vector<PostgresAddress> hosts = address_.hosts_apart();
  for (const PostgresAddress& host : hosts) {
    try {
      connect_to(host);
      return;
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::unavailable || &host == &hosts.back()) throw;
    }
  }
}

void PostgresDatabase::connect_to(const PostgresAddress& host) {
  std::vector<const char*> keywords, values;
  const auto add = [&](const char* keyword, const char* value) {
    keywords.push_back(keyword);
    values.push_back(value);
  };

  for (const auto& [keyword, value] : host.parameters) add(keyword.c_str(), value.c_str());
  add("client_encoding", "UTF8");
  if (!host.parameters.contains("application_name")) add("application_name", options_.application_name.c_str());
  add(nullptr, nullptr);

  connection_->handle.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
  PGconn* handle = connection_->get();
  if (handle == nullptr) throw Error(ErrorKind::broken, "libpq has not enough memory for a connection");

  // What was known about the connection before does not hold for a new one.
  connection_->is_ending = false;
  connection_->is_direct.reset();
  connection_->statements.clear();
  PQsetNoticeReceiver(handle, &hear_notice, &connection_->is_ending);

  // Connected step by step, because libpq heeds connect_timeout only where it does the waiting itself.
  const auto patience = patience_for(host, options_.connect_deadline);
  const auto deadline = Steady::now() + patience;
  PostgresPollingStatusType state = PQstatus(handle) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    if (state == PGRES_POLLING_FAILED) throw connection_error(host, tidy(PQerrorMessage(handle)));
    if (!wait_for(PQsocket(handle), state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline)) {
      throw Error(ErrorKind::unavailable, fmt::format("{}: no connection within {} ms", host.shown(), patience.count()),
                  "check host and port, then run the same command again");
    }
    state = PQconnectPoll(handle);
  }

  PQsetnonblocking(handle, 1);
  in_transaction_ = false;
}

void PostgresDatabase::connect_with_backoff() {
  thread_local std::minstd_rand random{std::random_device{}()};
  for (int tries = 1;; ++tries) {
    try {
      connect();
      return;
    } catch (const Error& e) {
      connection_->handle.reset();
      if (e.kind() != ErrorKind::unavailable || tries >= options_.connect_tries) throw;
    }
    const int longest = 50 << std::min(tries, 6);
    std::this_thread::sleep_for(std::chrono::milliseconds(std::uniform_int_distribution(longest / 2, longest)(random)));
  }
}

// A server that slept, restarted or timed us out has closed the socket in the meantime, which has to be noticed before
// anything is sent.
bool PostgresDatabase::is_dead_while_idle() {
  PGconn* handle = connection_->get();
  if (handle == nullptr || PQstatus(handle) != CONNECTION_OK) return true;
  for (;;) {
    struct pollfd waited {
      PQsocket(handle), POLLIN, 0
    };
    if (::poll(&waited, 1, 0) <= 0) return connection_->is_ending;
    if (PQconsumeInput(handle) == 0 || PQstatus(handle) != CONNECTION_OK) return true;
    PQisBusy(handle);  // reads what has come, notices among it
  }
}

void PostgresDatabase::ensure_alive() {
  if (in_transaction_ || !is_dead_while_idle()) return;
  if (!options_.reconnects) lost(Doing::reads);
  try {
    connect_with_backoff();
  } catch (const Error& e) {
    // It could be used before. A database that was dropped since is away, and no mistake in what was asked.
    throw Error(ErrorKind::unavailable, e.what(), e.hint());
  }
}

// Takes over the error that the server reported, and whether the connection still stands.
void PostgresDatabase::conclude(Result& result, bool heard_everything) {
  if (result.rows && PQresultStatus(result.rows.get()) == PGRES_FATAL_ERROR) {
    const char* state = PQresultErrorField(result.rows.get(), PG_DIAG_SQLSTATE);
    result.sqlstate = state == nullptr ? "" : state;
    result.message = tidy(PQresultErrorField(result.rows.get(), PG_DIAG_MESSAGE_PRIMARY));
  }
  const bool ended = result.sqlstate.starts_with("57P") || result.sqlstate.starts_with("08");
  result.broke = !heard_everything || ended || PQstatus(connection_->get()) != CONNECTION_OK;
  if (result.broke) connection_->handle.reset();
}

// The answer to what libpq has just been given to send; `sent` is what libpq returned, 0 if it failed.
PostgresDatabase::Result PostgresDatabase::answer_to(int sent) {
  Result result;
  PGconn* handle = connection_->get();
  const auto deadline = Steady::now() + options_.statement_deadline;
  Heard heard = sent == 0 ? Heard::broken : flush(handle, deadline);
  if (heard == Heard::everything) heard = collect(handle, deadline, result.rows);
  if (heard == Heard::late) {
    result.timed_out = true;
    ask_to_cancel(handle);
    heard = collect(handle, Steady::now() + kCancelPatience, result.rows);
  }
  conclude(result, heard == Heard::everything);
  return result;
}

// A pooler reports another process than the one that answers. Behind it a prepared statement may be on another server
// connection.
PostgresDatabase::Result PostgresDatabase::learn_whether_direct() {
  Result result = answer_to(PQsendQuery(connection_->get(), "SELECT pg_backend_pid()"));
  if (!result.broke && result.sqlstate.empty()) {
    const std::string pid = PQgetvalue(result.rows.get(), 0, 0);
    connection_->is_direct = pid == std::to_string(PQbackendPID(connection_->get()));
  }
  return result;
}

// The statement with its numbers, which is remembered if there is room.
PostgresDatabase::StatementPlace PostgresDatabase::statement_of(std::string_view sql) {
  auto& known = connection_->statements;
  if (const auto found = known.find(sql); found != known.end()) return found->second;
  auto made = std::make_shared<Statement>(Statement{.numbered = number_parameters(sql)});
  if (known.size() < kMostStatements) known.emplace(sql, made);
  return made;
}

// Prepares the statement if it came often enough. Planning costs the server more than most of our statements do.
PostgresDatabase::Result PostgresDatabase::prepare_if_frequent(Statement& statement) {
  if (++statement.uses < kUsesToPrepare || !statement.name.empty()) return {};
  if (!connection_->is_direct) {
    Result result = learn_whether_direct();
    if (result.broke || !result.sqlstate.empty()) return result;
  }
  if (!*connection_->is_direct) return {};
  const std::string name = fmt::format("{}_{}", connection_->name_prefix, ++connection_->named);
  Result result =
      answer_to(PQsendPrepare(connection_->get(), name.c_str(), statement.numbered.sql.c_str(), 0, nullptr));
  if (!result.broke && result.sqlstate.empty()) statement.name = name;
  else forget_statements_after(result);
  return result;
}

// If the statement failed because of what was prepared, all of that is forgotten. Within a transaction, that failure
// ends the transaction, which must be done anew; outside of one the same statement can just be sent again.
bool PostgresDatabase::forget_statements_after(Result& failed) {
  if (!is_about_statements(failed.sqlstate)) return false;
  connection_->statements.clear();
  failed.is_outdated = in_transaction_;
  return !in_transaction_;
}

// Returns what libpq returned: 0 if it could not send.
int PostgresDatabase::send_bound(const Statement& statement, const WireParameters& wire) {
  PGconn* handle = connection_->get();
  if (statement.name.empty())
    return PQsendQueryParams(handle, statement.numbered.sql.c_str(), wire.count(), nullptr, wire.values.data(),
                             wire.lengths.data(), wire.formats.data(), 0);
  return PQsendQueryPrepared(handle, statement.name.c_str(), wire.count(), wire.values.data(), wire.lengths.data(),
                             wire.formats.data(), 0);
}

PostgresDatabase::Result PostgresDatabase::run_bound(std::string_view sql, const Bindings& bindings) {
  const StatementPlace statement = statement_of(sql);
  const WireParameters wire(statement->numbered.names, bindings);
  Result result = prepare_if_frequent(*statement);
  if (!result.broke && result.sqlstate.empty()) result = answer_to(send_bound(*statement, wire));
  if (forget_statements_after(result)) return answer_to(send_bound(*statement_of(sql), wire));
  return result;
}

// Without `bindings` by the simple protocol, which takes several statements.
PostgresDatabase::Result PostgresDatabase::run(std::string_view sql, const Bindings* bindings) {
  send_begin();
  if (connection_->get() == nullptr) {
    Result broken;
    broken.broke = true;
    return broken;
  }
  if (bindings != nullptr) return run_bound(sql, *bindings);
  return answer_to(PQsendQuery(connection_->get(), std::string(sql).c_str()));
}

void PostgresDatabase::lost(Doing doing) {
  const bool was_in_transaction = std::exchange(in_transaction_, false);
  const std::string what = fmt::format("{}: the connection broke", address_.shown());
  if (doing == Doing::reads && !was_in_transaction) throw Error(ErrorKind::unavailable, what, kNothingHappened);
  if (doing == Doing::commits || !was_in_transaction)
    throw Error(ErrorKind::in_doubt, what + " before the outcome was known",
                "the change may have been written; check before you repeat it");
  throw TransactionLost(ErrorKind::unavailable, what, kNothingHappened);
}

// Our own deadline inside a transaction is not a loss to be retried: the same statement would only wait again.
void PostgresDatabase::require_success(const Result& result, Doing doing) {
  const bool undone = in_transaction_ && doing != Doing::commits;
  if (result.broke && !(result.timed_out && (undone || doing == Doing::reads))) lost(doing);
  if (result.broke) in_transaction_ = false;
  if (result.broke || !result.sqlstate.empty()) refuse(result);
}

void PostgresDatabase::refuse(const Result& result) {
  if (result.timed_out && (result.sqlstate.empty() || result.sqlstate == "57014")) {
    throw PostgresError(
        Error(ErrorKind::unavailable,
              fmt::format("{}: no answer within {} ms", address_.shown(), options_.statement_deadline.count()),
              kNothingHappened),
        "57014");
  }
  const std::string what = fmt::format("{}: {} ({})", address_.shown(), result.message, result.sqlstate);
  if (result.sqlstate == "40001" || result.sqlstate == "40P01" || result.is_outdated)
    throw TransactionLost(ErrorKind::conflict, what, kNothingHappened);
  const ErrorKind kind = kind_of(result.sqlstate);
  throw PostgresError(Error(kind, what, hint_of(kind)), result.sqlstate);
}

std::int64_t PostgresDatabase::execute(std::string_view sql, const Bindings& bindings) {
  ensure_alive();
  const Result result = run(sql, &bindings);
  require_success(result, Doing::writes);
  const std::string_view changed(PQcmdTuples(result.rows.get()));
  return changed.empty() ? 0 : whole_number_from(PQcmdTuples(result.rows.get()));
}

// Outside a transaction a statement that only reads may be sent again after its connection broke.
PostgresDatabase::Result PostgresDatabase::run_idempotent(std::string_view sql, const Bindings* bindings) {
  for (int tries = 1;; ++tries) {
    ensure_alive();
    Result result = run(sql, bindings);
    if (!result.broke || in_transaction_ || result.timed_out || tries >= options_.connect_tries) return result;
  }
}

std::vector<Row> PostgresDatabase::rows_of(std::string_view sql, const Bindings& bindings, Effect effect) {
  // The first statement of a transaction takes its BEGIN along, as several do.
  if (!unsent_begin_.empty()) return query_all({{std::string(sql), bindings, effect}}).at(0);

  if (effect == Effect::reads) {
    const Result result = run_idempotent(sql, &bindings);
    require_success(result, Doing::reads);
    return rows_in(result.rows.get());
  }

  ensure_alive();
  const Result result = run(sql, &bindings);
  require_success(result, Doing::writes);
  return rows_in(result.rows.get());
}

// Runs the queries in libpq's pipeline mode. Outside a transaction the result is empty if something failed, because the
// same queries sent one by one will report it. A transaction ends with its first failure, so there the failure is
// reported from here.
std::optional<std::vector<std::vector<Row>>> PostgresDatabase::pipelined(const std::vector<Query>& queries) {
  // A transaction that begins here takes its BEGIN along.
  std::vector<std::string> opening;
  if (!unsent_begin_.empty()) {
    opening = {std::exchange(unsent_begin_, {}), limit_of_transaction()};
    in_transaction_ = false;
    ensure_alive();
    in_transaction_ = true;
  }

  std::vector<std::pair<StatementPlace, WireParameters>> wired;
  wired.reserve(queries.size());
  for (const Query& query : queries) {
    const StatementPlace statement = statement_of(query.sql);
    wired.emplace_back(statement, WireParameters(statement->numbered.names, query.bindings));
    const Result prepared = prepare_if_frequent(*statement);
    if (in_transaction_) require_success(prepared, Doing::writes);
    if (prepared.broke || !prepared.sqlstate.empty()) return std::nullopt;
  }

  PGconn* handle = connection_->get();
  bool is_sent = PQenterPipelineMode(handle) == 1;
  for (const std::string& sql : opening) is_sent = is_sent && send_unbound(handle, sql);
  for (const auto& [statement, wire] : wired) is_sent = is_sent && send_bound(*statement, wire) == 1;
  is_sent = is_sent && PQpipelineSync(handle) == 1;

  // A pooler passes a cancellation on only while its client is there, so the end of what was cancelled is awaited.
  auto deadline = Steady::now() + options_.statement_deadline;
  bool timed_out = false;
  const auto patiently = [&](const auto& wait) {
    const Heard heard = wait();
    if (heard != Heard::late || timed_out) return heard;
    timed_out = true;
    ask_to_cancel(handle);
    deadline = Steady::now() + kCancelPatience;
    return wait();
  };
  Heard heard = is_sent ? flush(handle, deadline) : Heard::broken;
  std::vector<Rows> results(opening.size() + queries.size());
  for (Rows& rows : results) {
    if (heard == Heard::everything) heard = patiently([&] { return collect(handle, deadline, rows); });
  }
  if (heard == Heard::everything) heard = patiently([&] { return hear(handle, deadline); });
  if (heard == Heard::everything) Rows{PQgetResult(handle)};  // the mark of the pipeline's end
  const bool is_over = heard == Heard::everything && PQexitPipelineMode(handle) == 1;
  if (!is_over) connection_->handle.reset();

  std::size_t good = 0;
  while (good < results.size() && results[good] &&
         PQresultStatus(results[good].get()) == (good < opening.size() ? PGRES_COMMAND_OK : PGRES_TUPLES_OK))
    ++good;
  if (!is_over || good < results.size()) {
    Result late;
    late.timed_out = timed_out || heard == Heard::late;
    if (late.timed_out) refuse(late);
    if (!in_transaction_) return std::nullopt;
    if (!is_over) lost(Doing::writes);
    Result failed;
    failed.rows = std::move(results[good]);
    refuse_in_transaction(std::move(failed));
  }

  std::vector<std::vector<Row>> found;
  for (std::size_t i = opening.size(); i < results.size(); ++i) found.push_back(rows_in(results[i].get()));
  return found;
}

// Reports the failure of one of several statements within a transaction, which ends with it.
void PostgresDatabase::refuse_in_transaction(Result failed) {
  conclude(failed, true);
  forget_statements_after(failed);
  require_success(failed, Doing::writes);
  throw Error(ErrorKind::broken, fmt::format("{}: a statement of several gave no rows", address_.shown()));
}

std::vector<std::vector<Row>> PostgresDatabase::query_all(const std::vector<Query>& queries) {
  const bool may_be_sent_again =
      in_transaction_ || std::ranges::all_of(queries, [](const Query& q) { return q.effect == Effect::reads; });
  const bool is_one = queries.size() < 2 && unsent_begin_.empty();
  if (queries.empty() || is_one || !may_be_sent_again) return Database::query_all(queries);
  ensure_alive();
  auto found = pipelined(queries);
  return found ? std::move(*found) : Database::query_all(queries);
}

void PostgresDatabase::begin() { begin_with("SERIALIZABLE"); }
void PostgresDatabase::begin_beside_others() { begin_with("READ COMMITTED"); }

void PostgresDatabase::begin_with(const char* isolation) {
  unsent_begin_ = fmt::format("BEGIN ISOLATION LEVEL {}", isolation);
  in_transaction_ = true;
}

// The server's own limit stands behind ours: a client that is gone must not leave a statement running.
std::string PostgresDatabase::limit_of_transaction() const {
  return fmt::format("SET LOCAL statement_timeout = {}", options_.statement_deadline.count());
}

// BEGIN has waited for the transaction's first statement, which can usually take it along (pipelined()).
void PostgresDatabase::send_begin() {
  if (unsent_begin_.empty()) return;
  const std::string sql = fmt::format("{}; {}", std::exchange(unsent_begin_, {}), limit_of_transaction());
  in_transaction_ = false;
  const Result result = run_idempotent(sql, nullptr);
  require_success(result, Doing::reads);
  in_transaction_ = true;
}

void PostgresDatabase::lock(const std::string& name) {
  query("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))", {{":name", name}});
}

bool PostgresDatabase::try_lock(const std::string& name) {
  return query("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0)) AS held", {{":name", name}})[0].integer(
             "held") == 1;
}

void PostgresDatabase::commit() {
  if (!unsent_begin_.empty()) {  // nothing was asked
    rollback();
    return;
  }
  const Result result = run("COMMIT", nullptr);
  if (!result.broke) in_transaction_ = false;
  require_success(result, Doing::commits);
  // A transaction that failed before answers COMMIT with ROLLBACK, without an error.
  if (std::string_view(PQcmdStatus(result.rows.get())) != "COMMIT")
    throw TransactionLost(ErrorKind::conflict, fmt::format("{}: the transaction was undone", address_.shown()),
                          kNothingHappened);
}

void PostgresDatabase::rollback() noexcept {
  const bool was_sent = std::exchange(unsent_begin_, {}).empty();
  if (!in_transaction_ || !was_sent || connection_->get() == nullptr) {
    in_transaction_ = false;
    return;
  }
  try {
    run("ROLLBACK", nullptr);
  } catch (const std::exception&) {
    connection_->handle.reset();  // the server undoes what an ended connection left open
  }
  in_transaction_ = false;
}

bool PostgresDatabase::has_table(std::string_view name) {
  return !query(
              "SELECT 1 AS found FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
              "WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname = :name",
              {{":name", std::string(name)}})
              .empty();
}

void PostgresDatabase::execute_script(std::string_view sql) {
  ensure_alive();
  const Result result = run(sql, nullptr);
  require_success(result, Doing::writes);
}

// Unlike begin(): no timeout on the server's side, because a COPY may rightly last; what is read is never written back,
// so one state is enough and no conflict can undo it.
void PostgresDatabase::begin_snapshot() {
  const Result result = run_idempotent(
      "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0; SET LOCAL TimeZone = 'UTC'",
      nullptr);
  require_success(result, Doing::reads);
  in_transaction_ = true;
}

void PostgresDatabase::start_copy(std::string_view sql) {
  const Result result = run(sql, nullptr);
  require_success(result, Doing::reads);
}

void CopiedBytes::Free::operator()(char* bytes) const { PQfreemem(bytes); }

std::optional<CopiedBytes> PostgresDatabase::next_copied() {
  PGconn* handle = connection_->get();
  char* bytes = nullptr;
  for (;;) {
    const int size = PQgetCopyData(handle, &bytes, 1);
    if (size > 0) return CopiedBytes(bytes, static_cast<std::size_t>(size));
    if (size < 0) break;  // the end, or an error that collect() finds
    if (!wait_for(PQsocket(handle), POLLIN, Steady::now() + options_.copy_deadline)) {
      connection_->handle.reset();
      in_transaction_ = false;
      throw PostgresError(
          Error(ErrorKind::unavailable,
                fmt::format("{}: no row within {} ms", address_.shown(), options_.copy_deadline.count()),
                kNothingHappened),
          "57014");
    }
    if (PQconsumeInput(handle) == 0) break;
  }

  Result result;
  conclude(result, collect(handle, Steady::now() + options_.statement_deadline, result.rows) == Heard::everything);
  require_success(result, Doing::reads);
  return std::nullopt;
}

ServerFacts PostgresDatabase::facts() {
  const std::string words = query("SELECT version() AS words")[0].required_text("words");
  PGconn* handle = connection_->get();
  const char* version = PQparameterStatus(handle, "server_version");
  const char* tls = PQsslInUse(handle) != 0 ? PQsslAttribute(handle, "protocol") : nullptr;
  return {.version = version == nullptr ? "" : version,
          .pglite = pglite_in(words),
          .tls = tls == nullptr ? "" : tls,
          .protocol_pid = PQbackendPID(handle)};
}

}  // namespace heretix
