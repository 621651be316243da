// What the dataset is made of: the rows of a store, table by table, in one snapshot.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "archive/export/cells.hpp"
#include "archive/export/month.hpp"
#include "archive/export/table.hpp"

namespace heretix {

// In order of time (rows without one first) and, at one time, of the key's bytes.
class RowStream {
 public:
  virtual ~RowStream() = default;
  // The next row, the caller's until the next call; null at the end. What only the exporter knows is for it to fill:
  // source, also_in, signed twins, and user_hash, which holds the user's id until then.
  virtual Cells* next() = 0;
};

// Thrown by a stream that hoped for a store's rows to lie in order and finds that they do not. Its source sorts from
// now on, so reading the table again as a whole succeeds.
struct RowsOutOfOrder {};

struct SourceFacts {
  std::string name;      // as said in messages: "runs/heretix.sqlite", "local", "prod"
  std::string kind;      // sqlite or postgres
  std::string env;       // local or prod
  std::string revision;  // of its schema
  std::string snapshot;  // what the store calls the state that was read
};

struct Period {
  Month from = Month::unknown();
  std::optional<Month> before{};
};

// One connection in one snapshot, from construction on: one thread. Streams of one source are read one at a time.
class Source {
 public:
  virtual ~Source() = default;
  virtual const SourceFacts& facts() const = 0;
  virtual bool has(const Table& table) const = 0;
  // Throws Error naming the row for what no column can hold, and what the store throws.
  virtual std::unique_ptr<RowStream> open(const Table& table, const Period& period) = 0;
};

// Something left out or changed on the way, for the user to know.
using Note = std::function<void(const std::string&)>;

}  // namespace heretix
