// What the dataset is made of: the rows of a store, one table at a time, in one snapshot.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "archive/export/cells.hpp"
#include "archive/export/month.hpp"
#include "archive/export/table.hpp"

namespace heretix {

// Rows in order of time (those without one first) and, at the same time, in order of the key's bytes.
class RowStream {
 public:
  virtual ~RowStream() = default;
  // Returns the next row, which belongs to the caller until the next call, or null at the end. The caller fills in what
  // only the exporter knows: source, also_in, signed twins, and user_hash, which holds the user's id until then.
  virtual Cells* next() = 0;
};

// Thrown by a stream that expected a store's rows to lie in order and finds that they do not. Its source sorts from
// then on, so reading the whole table again succeeds.
struct RowsOutOfOrder {};

struct SourceFacts {
  std::string name;      // the name in messages: "runs/heretix.sqlite", "local", "prod"
  std::string kind;      // sqlite or postgres
  std::string env;       // local or prod
  std::string revision;  // revision of its schema
  std::string snapshot;  // the store's name for the state that was read
};

struct Period {
  Month from = Month::unknown();
  std::optional<Month> before{};
};

// One connection with one snapshot from construction on, used by one thread. Streams of one source are read one at a
// time.
class Source {
 public:
  virtual ~Source() = default;
  virtual const SourceFacts& facts() const = 0;
  virtual bool has(const Table& table) const = 0;
  // Throws Error naming the row if no column can hold its value, and what the store throws.
  virtual std::unique_ptr<RowStream> open(const Table& table, const Period& period) = 0;
};

// Tells the user what was left out or changed on the way.
using Note = std::function<void(const std::string&)>;

}  // namespace heretix
