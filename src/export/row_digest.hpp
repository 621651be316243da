// A digest of rows: equal rows in equal order give the same one, whatever store, disk or time they come from.
#pragma once

#include <string>

#include "base/sha256.hpp"
#include "export/table.hpp"

namespace arrow {
class RecordBatch;
}

namespace heretix {

class RowDigest {
 public:
  explicit RowDigest(const Table& table);
  void add(const arrow::RecordBatch& batch);  // in the batches that Batches makes
  std::int64_t rows() const { return rows_; }
  std::string finish() { return to_hex(sha256_.finish()); }

 private:
  Sha256 sha256_;
  std::int64_t rows_ = 0;
};

}  // namespace heretix
