// Merges the rows of all stores into one stream, in which a measurement that several stores hold appears once.
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
  bool also_in_sqlite;  // the row is in SQLite too, and left out there
};

// Two rows are the same measurement if time and key agree, because imports keep both. Postgres wins over SQLite, and
// the first SQLite file over the others; two Postgres databases keep a row each, in their own env.
class Merge {
 public:
  // Reads what `sources` hold of the table. They must outlive this object.
  Merge(const Table& table, std::span<const std::unique_ptr<Source>> sources, const Period& period);

  // Gives the rows in order of time, then key, each valid until the next call; empty at the end. Throws
  // Error{broken} if a store does not keep the order, and what the stores throw.
  std::optional<MergedRow> next();

 private:
  struct Head {
    const Source* source;
    std::unique_ptr<RowStream> stream;
    Cells* row = nullptr;
    std::int64_t last_time = 0;
    std::string last_key{};
    bool is_used = false;  // its row belongs to the current measurement
  };
  void advance(Head& head);
  void gather();

  const Table& table_;
  std::vector<Head> heads_;
  std::vector<std::size_t> chosen_;  // heads whose rows are still to be returned
  bool also_in_sqlite_ = false;
};

inline constexpr std::int64_t kNoTime = std::numeric_limits<std::int64_t>::min();

// Microseconds since 1970 of the row's time column; kNoTime where it has none.
std::int64_t time_of(const Table& table, const Cells& row);

}  // namespace heretix
