#include "archive/export/sqlite_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <deque>
#include <set>

#include "archive/export/check_names.hpp"
#include "archive/export/merge.hpp"
#include "archive/export/sqlite_queries.hpp"
#include "archive/export/window.hpp"
#include "base/background.hpp"
#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "measure/check_row.hpp"

namespace heretix {
namespace {

// A row of `runs` that no execution stands behind has the name that an import into Postgres would give it.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): SQL calls it, with texts
std::string digits_of_run(const std::string& run_id, const std::string& created_at) {
  std::string name = run_id;
  name.append("|").append(created_at.empty() ? "0" : created_at);
  return sha256_hex(name).substr(0, kExecutionDigits);
}

// What a column of a harness file holds, whose types SQLite does not enforce, as what the dataset's column holds.
class SqliteReader {
 public:
  SqliteReader(const SqliteCursor& cursor, Note& note) : cursor_(cursor), note_(note) {}

  // The row's key is its first column.
  void begin_row(const std::string& path, const char* table) {
    path_ = &path;
    table_ = table;
    kept_.clear();
  }

  Cell read(int place, const Column& column) {
    const SqliteCursor::Type stored = cursor_.type(place);
    if (stored == SqliteCursor::Type::null) return {};
    if (stored == SqliteCursor::Type::real && column.type != ColumnType::real && is_lost_seed(place, column)) return {};
    switch (column.type) {
      case ColumnType::text: return Cell::of(valid_text(cursor_.text(place), column));
      case ColumnType::real: return Cell::of(real(place, column));
      case ColumnType::boolean: return Cell::of(std::int64_t{integer(place, column) != 0});
      case ColumnType::unsigned_integer: return seed(place, column);
      case ColumnType::timestamp: return Cell::of(micros(integer(place, column), column));
      default: return Cell::of(integer(place, column));
    }
  }

 private:
  [[noreturn]] void refuse(int place, const Column& column, const char* wanted) {
    throw Error(ErrorKind::bad_input,
                fmt::format("{}: {} is '{}'; it must be {}", row(), column.name,
                            shortened(on_one_line(cursor_.text(place)), 40), wanted),
                "correct that row of the store");
  }

  template <class Number>
  std::optional<Number> number_in(std::string_view text) {
    Number value{};
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    return failed == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
  }

  std::int64_t integer(int place, const Column& column) {
    if (cursor_.type(place) == SqliteCursor::Type::integer) return cursor_.integer(place);
    if (cursor_.type(place) == SqliteCursor::Type::real) {
      const double value = cursor_.real(place);
      if (value == std::floor(value) && std::abs(value) < 9.0e18) return static_cast<std::int64_t>(value);
    } else if (const auto value = number_in<std::int64_t>(cursor_.text(place))) {
      return *value;
    }
    refuse(place, column, "a whole number");
  }

  double real(int place, const Column& column) {
    if (cursor_.type(place) != SqliteCursor::Type::text) return cursor_.real(place);
    if (const auto value = number_in<double>(cursor_.text(place))) return *value;
    refuse(place, column, "a number");
  }

  // REAL has 53 of a seed's 64 bits: what is left is none.
  bool is_lost_seed(int place, const Column& column) {
    if (!std::string_view(column.name).ends_with("seed")) return false;
    constexpr double kExact = 9007199254740992.0;  // 2^53
    const bool is_lost = std::abs(cursor_.real(place)) >= kExact;
    if (is_lost)
      note_(fmt::format("{}: {} is a REAL, which has lost its precision; it is left out", row(), column.name));
    return is_lost;
  }

  // 64 bits as a signed number or as decimal text.
  Cell seed(int place, const Column& column) {
    if (cursor_.type(place) == SqliteCursor::Type::integer) return Cell::of(cursor_.integer(place));
    const bool is_text = cursor_.type(place) == SqliteCursor::Type::text;
    if (const auto value = is_text ? number_in<std::uint64_t>(cursor_.text(place)) : std::nullopt)
      return Cell::of(std::bit_cast<std::int64_t>(*value));
    return Cell::of(integer(place, column));
  }

  std::int64_t micros(std::int64_t seconds, const Column& column) {
    constexpr std::int64_t kFurthest = 300'000'000'000;
    if (seconds > kFurthest || seconds < -kFurthest || !is_representable(seconds * 1'000'000))
      throw Error(
          ErrorKind::bad_input,
          fmt::format("{}: {} is {}; it must be Unix seconds within the years 1 to 9999", row(), column.name, seconds),
          "correct that row of the store");
    return seconds * 1'000'000;
  }

  // Parquet's strings are UTF-8; bytes that are none become U+FFFD.
  std::string_view valid_text(std::string_view text, const Column& column) {
    auto bad = first_invalid_utf8(text);
    if (!bad) return text;
    note_(fmt::format("{}: {} is not UTF-8; its invalid bytes are written as U+FFFD", row(), column.name));
    std::string mended;
    for (; bad; bad = first_invalid_utf8(text)) {
      mended.append(text.substr(0, *bad)).append("\xEF\xBF\xBD");
      text.remove_prefix(*bad + 1);
    }
    return kept_.emplace_back(mended.append(text));
  }

  std::string row() const { return fmt::format("{}, {} '{}'", *path_, table_, cursor_.text(0)); }

  const SqliteCursor& cursor_;
  Note& note_;
  const std::string* path_ = nullptr;
  const char* table_ = "";
  std::deque<std::string> kept_;
};

// Texts in large pieces of memory.
class Texts {
 public:
  std::string_view keep(std::string_view text) {
    if (text.size() > left_) {
      left_ = std::max(text.size(), kPiece);
      pieces_.push_back(std::make_unique_for_overwrite<char[]>(left_));
      next_ = pieces_.back().get();
    }
    char* begin = next_;
    next_ = std::copy(text.begin(), text.end(), begin);
    left_ -= text.size();
    return {begin, text.size()};
  }

 private:
  static constexpr std::size_t kPiece = 1 << 18;
  std::vector<std::unique_ptr<char[]>> pieces_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

// Rows with texts of their own, in few pieces of memory.
struct Block {
  std::vector<Cell> cells;
  Texts texts;
  std::size_t rows = 0;
};

// A row of a block, which it keeps alive.
class KeptRow {
 public:
  KeptRow() = default;
  KeptRow(std::shared_ptr<Block> block, Cells cells, const Table& table)
      : block_(std::move(block)), cells_(cells), time_(time_of(table, cells)), key_(cells[table.key].text) {}
  bool operator<(const KeptRow& other) const { return time_ != other.time_ ? time_ < other.time_ : key_ < other.key_; }
  Cells& cells() { return cells_; }

 private:
  std::shared_ptr<Block> block_;
  Cells cells_;
  std::int64_t time_ = 0;
  std::string_view key_;
};

class BlockReader {
 public:
  BlockReader(SqliteDatabase& database, const SqliteQuery& query, const Table& table, Note& note)
      : path_(database.path()), table_(table), cursor_(database.open_cursor(query.sql)), reader_(*cursor_, note) {
    for (const std::string& column : query.columns) places_.push_back(table.place(column));
  }

  std::optional<std::shared_ptr<Block>> read() {
    auto block = std::make_shared<Block>();
    block->cells.resize(kBlockRows * table_.columns.size());
    while (block->rows < kBlockRows && cursor_->next()) read_row(*block);
    return block->rows == 0 ? std::nullopt : std::optional(std::move(block));
  }

 private:
  static constexpr std::size_t kBlockRows = 256;

  void read_row(Block& block) {
    reader_.begin_row(path_, table_.name);
    Cell* row = &block.cells[block.rows++ * table_.columns.size()];
    for (std::size_t i = 0; i < places_.size(); ++i) {
      Cell& cell = row[places_[i]];
      cell = reader_.read(static_cast<int>(i), table_.columns[places_[i]]);
      if (cell.kind == Cell::Kind::text) cell.text = block.texts.keep(cell.text);
    }
  }

  std::string path_;
  const Table& table_;
  std::unique_ptr<SqliteCursor> cursor_;
  SqliteReader reader_;
  std::vector<std::size_t> places_;
};

class SqliteStream final : public RowStream {
 public:
  SqliteStream(SqliteDatabase& database, const SqliteQuery& query, const Table& table, Note& note,
               std::set<std::string>& sorted_tables)
      : table_(table),
        sorted_tables_(sorted_tables),
        window_(sorted_tables.contains(table.name) ? 1 : kWindowRows),
        reader_(database, query, table, note),
        blocks_(kWaitingBlocks, [this] { return reader_.read(); }) {}

  Cells* next() override {
    while (!is_ended_ && !window_.is_full()) fetch();
    if (!window_.pop(row_)) return nullptr;
    if (window_.went_back()) {
      sorted_tables_.insert(table_.name);
      throw RowsOutOfOrder();
    }
    if (std::string_view(table_.name) == "checks") names_.fill(table_, row_.cells());
    return &row_.cells();
  }

 private:
  static constexpr std::size_t kWaitingBlocks = 8;

  void fetch() {
    auto block = blocks_.next();
    is_ended_ = !block;
    if (!block) return;
    const std::size_t width = table_.columns.size();
    for (std::size_t i = 0; i < (*block)->rows; ++i)
      window_.push(KeptRow(*block, Cells(&(*block)->cells[i * width], width), table_));
  }

  const Table& table_;
  std::set<std::string>& sorted_tables_;
  Window<KeptRow> window_;
  KeptRow row_;
  CheckNames names_;
  bool is_ended_ = false;
  BlockReader reader_;
  Ahead<std::shared_ptr<Block>> blocks_;  // SQLite runs on a thread of its own
};

class SqliteSource final : public Source {
 public:
  SqliteSource(std::unique_ptr<SqliteDatabase> file, Note note) : file_(std::move(file)), note_(std::move(note)) {
    file_->define("digits_of_run", &digits_of_run);
    file_->begin_snapshot();
    harness_.has_executions = file_->has_table("heretix_executions");
    const auto count = [&](std::string_view sql) {
      return harness_.has_executions ? file_->query(sql)[0].integer("n").value_or(0) : 0;
    };
    harness_.has_earlier = count(kHasEarlier) > 0;
    const std::int64_t unreadable = harness_.has_earlier ? count(kUnreadableRecords) : 0;
    if (unreadable > 0)
      note_(
          fmt::format("{}: {} earlier executions are left out: their records are not JSON", file_->path(), unreadable));
    facts_ = {.name = file_->path(),
              .kind = "sqlite",
              .env = "local",
              .revision = harness_.has_executions ? "harness schema 1" : "runs and samples of another program",
              .snapshot = fmt::format("change {}", file_->change_counter())};
  }

  const SourceFacts& facts() const override { return facts_; }
  bool has(const Table& table) const override {
    const std::string_view name(table.name);
    return name == "checks" || name == "samples" || (name == "executions" && harness_.has_executions);
  }
  std::unique_ptr<RowStream> open(const Table& table, const Period& period) override {
    const SqliteQuery query = sqlite_query(table, harness_, period, sorted_tables_.contains(table.name));
    return std::make_unique<SqliteStream>(*file_, query, table, note_, sorted_tables_);
  }

 private:
  std::unique_ptr<SqliteDatabase> file_;
  Note note_;
  SourceFacts facts_;
  HarnessFacts harness_;
  std::set<std::string> sorted_tables_;  // whose rows were found out of order
};

}  // namespace

std::unique_ptr<Source> open_sqlite_source(std::unique_ptr<SqliteDatabase> file, Note note) {
  return std::make_unique<SqliteSource>(std::move(file), std::move(note));
}

}  // namespace heretix
