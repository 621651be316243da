// Gathers rows into Arrow batches, with one open month for each env.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "archive/export/cells.hpp"
#include "archive/export/month.hpp"
#include "archive/export/table.hpp"

namespace arrow {
class RecordBatch;
class Schema;
}  // namespace arrow

namespace heretix {

// The schema has "heretix.table" and "heretix.schema_version" in its metadata.
std::shared_ptr<arrow::Schema> arrow_schema(const Table& table);

struct Partition {
  std::string env;
  Month month;
  auto operator<=>(const Partition&) const = default;
};

// A batch is full at kBatchRows rows or at the end of its month, so equal rows give equal batches.
inline constexpr std::int64_t kBatchRows = 4'096;
inline constexpr std::int64_t kRowGroupRows = 131'072;  // of every Parquet file

class Batches {
 public:
  using Take = std::function<void(const Partition&, std::shared_ptr<arrow::RecordBatch>)>;
  Batches(const Table& table, Take take);
  ~Batches();
  Batches(const Batches&) = delete;
  Batches& operator=(const Batches&) = delete;

  // Chooses the partition whose rows add() adds from now on. The months of one env must come in order.
  void select(const Partition& partition);
  void add(const Cells& row);
  void finish();

 private:
  struct Open;
  void flush(Open& open);
  const Table& table_;
  std::shared_ptr<arrow::Schema> schema_;
  Take take_;
  std::map<std::string, std::unique_ptr<Open>> open_;  // by env
  Open* selected_ = nullptr;
};

}  // namespace heretix
