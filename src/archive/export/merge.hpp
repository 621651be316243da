// The rows of all stores as one stream, a measurement that several of them hold once.
#pragma once

#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "archive/export/source.hpp"

namespace heretix {

struct MergedRow {
  Cells* cells;
  const SourceFacts* source;
  bool also_in_sqlite;  // and left out there
};

// A row is the same measurement where time and key agree: imports keep both. Postgres wins over SQLite, the first
// SQLite file over the others; two Postgres databases keep a row each, in their own env.
class Merge {
 public:
  // Reads what `sources` have of the table. They must outlive this.
  Merge(const Table& table, std::span<const std::unique_ptr<Source>> sources, const Period& period);

  // In order of time, then key; valid until the next call. Null cells at the end. Throws Error{broken} for a store that
  // does not keep the order, and what the stores throw.
  std::optional<MergedRow> next();

 private:
  struct Head {
    const Source* source;
    std::unique_ptr<RowStream> stream;
    Cells* row = nullptr;
    std::int64_t last_time = 0;
    std::string last_key{};
    bool is_used = false;  // its row belongs to the measurement at hand
  };
  void advance(Head& head);
  void gather();

  const Table& table_;
  std::vector<Head> heads_;
  std::vector<std::size_t> chosen_;  // heads whose rows are still to be given
  bool also_in_sqlite_ = false;
};

inline constexpr std::int64_t kNoTime = std::numeric_limits<std::int64_t>::min();

// Microseconds since 1970 of the row's time column; kNoTime where it has none.
std::int64_t time_of(const Table& table, const Cells& row);

}  // namespace heretix
