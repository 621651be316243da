#include "archive/export/duckdb.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "archive/export/views.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

namespace fs = std::filesystem;

std::string quoted(const std::string& text) { return "'" + replaced(text, {"'", "''"}) + "'"; }

const char* duckdb_type(ColumnType type) {
  switch (type) {
    case ColumnType::text: return "VARCHAR";
    case ColumnType::boolean: return "BOOLEAN";
    case ColumnType::integer: return "BIGINT";
    case ColumnType::unsigned_integer: return "UBIGINT";
    case ColumnType::real: return "DOUBLE";
    case ColumnType::timestamp: return "TIMESTAMPTZ";
    case ColumnType::date: return "DATE";
  }
  throw Error(ErrorKind::broken, "a column without a type");
}

// Older files may lack the newest columns: the empty second half brings all of them, with their types.
std::string table_view(const Table& table, const DatasetTable& files, const std::string& folder) {
  std::string paths, columns;
  for (const DatasetFile& file : files.files)
    paths += fmt::format("{}{}", paths.empty() ? "" : ", ", quoted(folder + "/" + file.path));
  for (const Column& column : table.columns)
    columns += fmt::format("NULL::{} AS \"{}\", ", duckdb_type(column.type), column.name);
  const bool has_mode = std::string_view(table.name) != "usage";
  return fmt::format(
      "CREATE VIEW {2}{0} AS SELECT * FROM read_parquet([{1}], union_by_name = true, hive_partitioning = true, "
      "hive_types = {{'env': VARCHAR, 'month': VARCHAR}}) UNION ALL BY NAME SELECT {3}NULL::VARCHAR AS env, "
      "NULL::VARCHAR AS month WHERE false;\n{4}",
      table.name, paths, has_mode ? "all_" : "", columns,
      has_mode ? fmt::format("CREATE VIEW {0} AS SELECT * FROM all_{0} WHERE mode IS NULL OR mode NOT LIKE 'MOCK%';\n",
                             table.name)
               : "");
}

// A child that is fed on its standard input; its standard error is what it complains.
class Child {
 public:
  Child(const std::string& program, const std::string& database) {
    std::array<int, 2> in{}, err{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) refuse("make a pipe for", program);
    process_ = ::fork();
    if (process_ < 0) refuse("start", program);
    if (process_ == 0) {
      ::dup2(in[0], 0);
      ::dup2(err[1], 2);
      ::execl(program.c_str(), "duckdb", "-batch", "-bail", "-init", "/dev/null", database.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(err[1]);
    in_ = in[1];
    err_ = err[0];
  }

  // The script is small beside a pipe's buffer or DuckDB reads it as it comes; it complains only at its end.
  void feed(const std::string& script) {
    (void)write_all(in_, script);  // where it ended early, its complaint tells why
    ::close(in_);
  }

  std::string complaint() {
    std::string text;
    std::array<char, 4096> piece{};
    for (ssize_t size = 0; (size = ::read(err_, piece.data(), piece.size())) > 0;)
      text.append(piece.data(), static_cast<std::size_t>(size));
    ::close(err_);
    return text;
  }

  int wait() {
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  }

 private:
  [[noreturn]] static void refuse(const char* doing, const std::string& program) {
    throw Error(ErrorKind::unavailable, fmt::format("cannot {} {}: {}", doing, program, std::strerror(errno)));
  }
  pid_t process_ = 0;
  int in_ = -1, err_ = -1;
};

// A file that gets its name when it is whole.
class NewFile {
 public:
  explicit NewFile(std::string path) : path_(std::move(path)), staged_(fmt::format("{}.{}.new", path_, ::getpid())) {
    std::error_code ignored;
    fs::remove(staged_, ignored);
  }
  ~NewFile() {
    std::error_code ignored;
    fs::remove(staged_, ignored);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  const std::string& staged() const { return staged_; }
  void finish() {
    const int file = ::open(staged_.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = file >= 0 && ::fsync(file) == 0;
    if (file >= 0) ::close(file);
    if (!synced || std::rename(staged_.c_str(), path_.c_str()) != 0)
      throw Error(ErrorKind::unavailable, fmt::format("cannot write {}: {}", path_, std::strerror(errno)),
                  "check that folder and its free space");
  }

 private:
  std::string path_, staged_;
};

}  // namespace

Duckdb::Duckdb(std::string program, const Manifest& manifest, const std::string& folder)
    : program_(std::move(program)) {
  if (!fs::exists(program_))
    throw Error(ErrorKind::not_found, fmt::format("DuckDB's program is not at {}", program_),
                "tools/setup.sh build installs it; or install heretix again");
  views_ = "SET autoinstall_known_extensions = false;\nSET TimeZone = 'UTC';\n";
  for (const Table& table : dataset_tables()) views_ += table_view(table, manifest.table(table.name), folder);
  views_ += kViewsSql;
}

void Duckdb::run(const Script& script) const {
  Child child(program_, script.database);
  child.feed(script.sql);
  const std::string complaint = child.complaint();
  if (child.wait() == 0) return;
  throw Error(ErrorKind::bad_input, fmt::format("DuckDB refused: {}", replaced(complaint, {"\n", " "})),
              "docs/analytics.md lists tables, columns and views");
}

void Duckdb::write_views(const std::string& path) const {
  NewFile file(path);
  run({.database = file.staged(), .sql = views_});
  file.finish();
}

void Duckdb::query(const std::string& sql, ResultFormat format, const std::string& out) const {
  const bool is_name =
      !sql.empty() && std::ranges::all_of(sql, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
  const std::string body = is_name ? "FROM " + sql : sql;
  const char* options = format == ResultFormat::csv ? "FORMAT csv, HEADER true" : "FORMAT json";
  const auto copy = [&](const std::string& path) {
    return fmt::format("{}COPY (\n{}\n) TO {} ({});\n", views_, body, quoted(path), options);
  };
  NewFile file(out);
  run({.database = ":memory:", .sql = copy(file.staged())});
  file.finish();
}

}  // namespace heretix
