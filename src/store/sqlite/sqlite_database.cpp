#include "store/sqlite/sqlite_database.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "store/sqlite/held_names.hpp"
#include "store/sqlite/planted_bugs.hpp"

namespace heretix {
namespace {

struct Told {
  ErrorKind kind;
  const char* what;
  const char* hint;
};

Told told_of(int sqlite_code) {
  switch (sqlite_code) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorKind::unavailable, "locked by another process",
              "nothing was written; wait for it, then run the same command again"};
    case SQLITE_FULL:
      return {ErrorKind::unavailable, "the disk is full",
              "nothing half-written is left; free some space, then run the same command again"};
    case SQLITE_IOERR:
      return {ErrorKind::unavailable, "the disk failed", "check the disk; everything acknowledged before is kept"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return {ErrorKind::not_allowed, "not writable",
              "check the permissions of the file and its folder, or name another with --db"};
    case SQLITE_CANTOPEN:
      return {ErrorKind::not_allowed, "cannot be opened",
              "check the path and the permissions of the file and its folder"};
    case SQLITE_NOTADB:
      return {ErrorKind::bad_input, "not a SQLite database", "name another file with --db; this one was left as it is"};
    case SQLITE_CORRUPT:
      return {ErrorKind::broken, "the database is corrupt",
              "it was left as it is; restore a copy, or name another file with --db"};
    case SQLITE_CONSTRAINT:
      return {ErrorKind::conflict, "a key is already taken, or a constraint of the table is violated",
              "nothing was written"};
    default: return {ErrorKind::broken, "the database refused the statement", "report this with the message above"};
  }
}

[[noreturn]] void refuse(const std::string& path, const SQLite::Exception& e) {
  const Told told = told_of(e.getErrorCode());
  throw Error(told.kind, fmt::format("{}: {} ({})", path, told.what, e.what()), told.hint);
}

// Empty if it can be the database. SQLite gives some names a meaning of its own, and opening a pipe would wait for its
// other end.
std::string_view why_not_a_database(const std::string& path) {
  if (path.empty()) return "it has no name, so nothing would be kept";
  if (path == ":memory:") return "it is in memory, so nothing would be kept";
  if (path.starts_with("file:")) return "it is a URI of SQLite; a path is needed";

  std::error_code failed;
  switch (std::filesystem::status(path, failed).type()) {
    case std::filesystem::file_type::directory: return "it is a folder";
    case std::filesystem::file_type::character:
    case std::filesystem::file_type::block: return "it is a device, so nothing would be kept";
    case std::filesystem::file_type::fifo: return "it is a pipe, so nothing would be kept";
    case std::filesystem::file_type::socket: return "it is a socket";
    default: return "";  // a file, or nothing yet; what cannot be looked at is told when it is opened
  }
}

// SQLite would create the file with the process's umask, but answers are nobody else's business.
//
// A file that is there is not opened: closing it again would drop every lock that SQLite holds on it for this process
// (fcntl(2)), and another thread's transaction would go on unprotected.
void create_private(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code failed;
  if (!folder.empty()) std::filesystem::create_directories(folder, failed);
  if (failed) {
    throw Error(ErrorKind::not_allowed,
                fmt::format("cannot create the folder {}: {}", folder.string(), failed.message()),
                "name another file with --db or HERETIX_DB");
  }

  if (std::filesystem::exists(path, failed)) return;
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) ::close(file);
  else if (errno != EEXIST)
    throw Error(ErrorKind::not_allowed, fmt::format("cannot create {}: {}", path, std::strerror(errno)),
                "name another file with --db or HERETIX_DB");
}

ColumnNames column_names_of(SQLite::Statement& statement) {
  std::vector<std::string> names;
  for (int i = 0; i < statement.getColumnCount(); ++i) names.emplace_back(statement.getColumnName(i));
  return std::make_shared<const std::vector<std::string>>(std::move(names));
}

Value value_of(const SQLite::Column& column) {
  switch (column.getType()) {
    case SQLITE_INTEGER: return column.getInt64();
    case SQLITE_FLOAT: return column.getDouble();
    case SQLITE_NULL: return std::monostate{};
    default:
      return std::string(static_cast<const char*>(column.getBlob()), static_cast<std::size_t>(column.getBytes()));
  }
}

// Removes the row locks, which SQLite does not know: a transaction that writes has the whole file.
std::string without_row_locks(std::string_view sql) {
  return std::string(sql.substr(0, std::min(sql.size(), sql.rfind(" FOR UPDATE"))));
}

// Gives the time as text in UTC, which sorts in the order of the times.
void give_time(sqlite3_context* context, double seconds_later) {
  using namespace std::chrono;
  const auto now = system_clock::now() + duration_cast<system_clock::duration>(duration<double>(seconds_later));
  const auto micros = unix_micros(now) % 1'000'000;
  const std::string text = fmt::format("{:%Y-%m-%d %H:%M:%S}.{:06}", fmt::gmtime(unix_seconds(now)), micros);
  sqlite3_result_text(context, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

void define_times(sqlite3* database) {
  const auto now = [](sqlite3_context* context, int, sqlite3_value**) { give_time(context, 0); };
  const auto later = [](sqlite3_context* context, int, sqlite3_value** values) {
    give_time(context, sqlite3_value_double(values[0]));
  };
  sqlite3_create_function_v2(database, "now", 0, SQLITE_UTF8, nullptr, now, nullptr, nullptr, nullptr);
  sqlite3_create_function_v2(database, "later", 1, SQLITE_UTF8, nullptr, later, nullptr, nullptr, nullptr);
}

// By which a statement is found without a copy of its text.
struct HashOfText {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

struct Prepared {
  // A use binds the same names in the same order as the one before it, as a rule.
  int place_of(std::string_view name, std::size_t position) {
    if (position < places.size() && places[position].first == name) return places[position].second;
    std::string text(name);
    const int place = statement.getIndex(text.c_str());
    places.resize(std::max(places.size(), position + 1));
    places[position] = {std::move(text), place};
    return place;
  }

  SQLite::Statement statement;
  std::optional<bool> only_reads{};                   // not known until it is used as a read
  std::vector<std::pair<std::string, int>> places{};  // of parameters, by their position among the bindings
};

// A statement in use, with its bindings, which it borrows. It is reset at the end, also after a failure: one left open
// would hold its lock.
class OpenStatement {
 public:
  OpenStatement(Prepared& prepared, const Bindings& bindings) : statement_(prepared.statement) {
    try {
      for (std::size_t i = 0; i < bindings.size(); ++i) {
        const Value& value = bindings[i].value;
        const int place = prepared.place_of(bindings[i].name, i);
        if (const auto* integer = std::get_if<std::int64_t>(&value)) statement_.bind(place, *integer);
        else if (const auto* real = std::get_if<double>(&value)) statement_.bind(place, *real);
        else if (const auto* text = std::get_if<std::string>(&value)) statement_.bindNoCopy(place, *text);
        else statement_.bind(place);
      }
    } catch (const SQLite::Exception&) {
      close();
      throw;
    }
  }
  ~OpenStatement() { close(); }
  OpenStatement(const OpenStatement&) = delete;
  OpenStatement& operator=(const OpenStatement&) = delete;

 private:
  void close() {
    statement_.tryReset();  // reset() would throw again what the statement's last use threw
    statement_.clearBindings();
  }

  SQLite::Statement& statement_;
};

// SQLiteCpp does not give out its statements, so this takes a statement of our own, once for each text.
bool only_reads(const SQLite::Database& database, const std::string& sql) {
  sqlite3_stmt* asked = nullptr;
  sqlite3_prepare_v2(database.getHandle(), sql.c_str(), -1, &asked, nullptr);
  const bool reads = asked != nullptr && sqlite3_stmt_readonly(asked) != 0;
  sqlite3_finalize(asked);
  return reads;
}

// One connection, one thread: SQLite need not lock for every column.
int flags_of(Access access) {
  return SQLITE_OPEN_NOMUTEX | (access == Access::read_only ? SQLite::OPEN_READONLY : SQLite::OPEN_READWRITE);
}

}  // namespace

struct SqliteDatabase::Connection {
  Connection(const std::string& path, const SqliteOptions& options)
      : database(path, flags_of(options.access), static_cast<int>(options.busy_timeout.count())) {
    define_times(database.getHandle());
  }

  // The prepared statement, reset and without bindings.
  Prepared& prepared(std::string_view sql) {
    auto found = statements.find(sql);
    if (found == statements.end()) {
      found = statements.try_emplace(std::string(sql), Prepared{{database, without_row_locks(sql)}}).first;
    }
    return found->second;
  }

  SQLite::Database database;
  std::unordered_map<std::string, Prepared, HashOfText, std::equal_to<>> statements;  // prepared once, bound each time
};

void require_database_file(const std::string& path) {
  const std::string_view why = why_not_a_database(path);
  if (why.empty()) return;
  throw Error(ErrorKind::bad_input, fmt::format("'{}' cannot be the database: {}", path, why),
              "name a file, e.g. --db runs/heretix.sqlite");
}

bool wal_is_safe(int version) {
  return version < 3007000 || version > 3051002 || version == 3044006 || version == 3050007;
}

SqliteDatabase::SqliteDatabase(const std::string& path, const SqliteOptions& options) : path_(path) {
  require_database_file(path);
  if (options.access == Access::create) create_private(path);
  std::error_code unseen;  // what cannot be looked at is told when it is opened
  if (!std::filesystem::exists(path, unseen) && !unseen) {
    throw Error(ErrorKind::not_found, fmt::format("there is no database at {}", path),
                "heretix run creates it; or name another with --db or HERETIX_DB");
  }
  try {
    connection_ = std::make_unique<Connection>(path, options);
    if (options.access == Access::read_only) return;
    connection_->database.exec(fmt::format("PRAGMA synchronous={}", planted::synchronous()));
    const char* journal = wal_is_safe(sqlite3_libversion_number()) ? "WAL" : "TRUNCATE";
    connection_->database.execAndGet(fmt::format("PRAGMA journal_mode={}", journal));
  } catch (const SQLite::Exception& e) { refuse(path_, e); }
}

SqliteDatabase::~SqliteDatabase() = default;

std::int64_t SqliteDatabase::execute(std::string_view sql, const Bindings& bindings) {
  try {
    Prepared& prepared = connection_->prepared(sql);
    const OpenStatement open(prepared, bindings);
    return prepared.statement.exec();
  } catch (const SQLite::Exception& e) { refuse(path_, e); }
}

std::vector<Row> SqliteDatabase::rows_of(std::string_view sql, const Bindings& bindings, Effect effect) {
  try {
    Prepared& prepared = connection_->prepared(sql);
    if (effect == Effect::reads && !prepared.only_reads)
      prepared.only_reads = only_reads(connection_->database, prepared.statement.getQuery());
    if (effect == Effect::reads && !*prepared.only_reads)
      throw Error(ErrorKind::broken, fmt::format("a statement that changes rows is declared to read: {}", sql));

    SQLite::Statement& statement = prepared.statement;
    const OpenStatement open(prepared, bindings);

    ColumnNames names;  // known with the first row: a statement that waited is prepared again where the schema changed
    std::vector<Row> rows;
    while (statement.executeStep()) {
      if (names == nullptr) names = column_names_of(statement);
      std::vector<Value> values;
      values.reserve(names->size());
      for (int i = 0; i < statement.getColumnCount(); ++i) values.push_back(value_of(statement.getColumn(i)));
      rows.emplace_back(names, std::move(values));
    }
    return rows;
  } catch (const SQLite::Exception& e) { refuse(path_, e); }
}

void SqliteDatabase::begin() { execute(planted::begin_statement()); }
void SqliteDatabase::commit() { execute("COMMIT"); }

void SqliteDatabase::rollback() noexcept {
  try {
    if (sqlite3_get_autocommit(connection_->database.getHandle()) == 0) connection_->database.exec("ROLLBACK");
  } catch (const SQLite::Exception&) {
    // The connection is closing or the disk is gone: the journal undoes the transaction at the next open.
    connection_->statements.clear();
  }
}

bool SqliteDatabase::changed_elsewhere() {
  const std::int64_t version = query("PRAGMA data_version")[0].integer("data_version").value_or(0);
  return std::exchange(data_version_, version) != version;
}

std::unique_ptr<HeldName> SqliteDatabase::hold(const std::string& name) { return OwnersFile(path_).hold(name); }
bool SqliteDatabase::is_held(const std::string& name) { return OwnersFile(path_).is_held(name); }

bool SqliteDatabase::has_table(std::string_view name) {
  return !query("SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = :name",
                {{":name", std::string(name)}})
              .empty();
}

// SQLiteCpp makes an object for every column of a row. A cursor reads millions of them, so it calls SQLite itself.
struct SqliteCursor::State {
  std::string path;
  sqlite3* database = nullptr;
  bool is_done = false;
  int column = -1;  // that `value` is of
  sqlite3_value* value = nullptr;
  sqlite3_value* at(int wanted) {
    if (wanted != column) value = sqlite3_column_value(statement.get(), wanted);
    column = wanted;
    return value;
  }
  std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement{nullptr, &sqlite3_finalize};
};

SqliteCursor::SqliteCursor(std::unique_ptr<State> state) : state_(std::move(state)) {}
SqliteCursor::~SqliteCursor() = default;

// A statement that is stepped past its end would start again.
bool SqliteCursor::next() {
  if (state_->is_done) return false;
  state_->column = -1;
  const int code = sqlite3_step(state_->statement.get());
  state_->is_done = code != SQLITE_ROW;
  if (code == SQLITE_ROW || code == SQLITE_DONE) return code == SQLITE_ROW;
  refuse(state_->path, SQLite::Exception(state_->database, code));
}

// sqlite3_column_*() looks the column up in each call, while a value of it can be asked for several things, by one
// thread.
SqliteCursor::Type SqliteCursor::type(int column) const {
  switch (sqlite3_value_type(state_->at(column))) {
    case SQLITE_NULL: return Type::null;
    case SQLITE_INTEGER: return Type::integer;
    case SQLITE_FLOAT: return Type::real;
    default: return Type::text;
  }
}
std::int64_t SqliteCursor::integer(int column) const { return sqlite3_value_int64(state_->at(column)); }
double SqliteCursor::real(int column) const { return sqlite3_value_double(state_->at(column)); }
std::string_view SqliteCursor::text(int column) const {
  sqlite3_value* value = state_->at(column);
  const void* bytes = sqlite3_value_blob(value);
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

std::unique_ptr<SqliteCursor> SqliteDatabase::open_cursor(std::string_view sql) {
  auto state = std::make_unique<SqliteCursor::State>();
  state->path = path_;
  state->database = connection_->database.getHandle();
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(state->database, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  state->statement.reset(statement);
  if (code != SQLITE_OK) refuse(path_, SQLite::Exception(state->database, code));
  return std::unique_ptr<SqliteCursor>(new SqliteCursor(std::move(state)));
}

void SqliteDatabase::begin_snapshot() {
  execute_script("BEGIN DEFERRED");
  query("SELECT count(*) AS n FROM sqlite_master");  // the snapshot is taken by the first read
}

std::uint32_t SqliteDatabase::change_counter() {
  constexpr int kPlace = 24;  // of a big-endian number of four bytes in the file's header
  std::array<unsigned char, 4> bytes{};
  sqlite3_file* file = nullptr;
  const int found = sqlite3_file_control(connection_->database.getHandle(), "main", SQLITE_FCNTL_FILE_POINTER,
                                         static_cast<void*>(&file));
  if (found != SQLITE_OK || file == nullptr || file->pMethods == nullptr ||
      file->pMethods->xRead(file, bytes.data(), static_cast<int>(bytes.size()), kPlace) != SQLITE_OK)
    throw Error(ErrorKind::unavailable, fmt::format("{}: its header cannot be read", path_),
                "check the disk; nothing was changed");

  return std::accumulate(bytes.begin(), bytes.end(), std::uint32_t{0},
                         [](std::uint32_t count, unsigned char byte) { return count << 8 | byte; });
}

void SqliteDatabase::define(const std::string& name, std::string (*function)(const std::string&, const std::string&)) {
  const auto call = [](sqlite3_context* context, int, sqlite3_value** values) {
    const auto text = [](sqlite3_value* value) {
      const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(value));
      return bytes == nullptr ? std::string{}
                              : std::string(bytes, static_cast<std::size_t>(sqlite3_value_bytes(value)));
    };
    const auto called =
        reinterpret_cast<std::string (*)(const std::string&, const std::string&)>(sqlite3_user_data(context));
    const std::string result = called(text(values[0]), text(values[1]));
    sqlite3_result_text(context, result.data(), static_cast<int>(result.size()), SQLITE_TRANSIENT);
  };
  sqlite3_create_function_v2(connection_->database.getHandle(), name.c_str(), 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                             reinterpret_cast<void*>(function), call, nullptr, nullptr, nullptr);
}

void SqliteDatabase::execute_script(std::string_view sql) {
  try {
    connection_->database.exec(std::string(sql));
  } catch (const SQLite::Exception& e) { refuse(path_, e); }
}

}  // namespace heretix
