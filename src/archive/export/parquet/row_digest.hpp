// A digest of rows: equal rows in equal order give the same digest, whatever store, disk or time they come from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "archive/export/table.hpp"

namespace arrow {
class RecordBatch;
}

namespace heretix {

// XXH3 with 128 bits. It guards against chance, not against somebody who may write to the stores anyway.
class RowDigest {
 public:
  explicit RowDigest(const Table& table);
  ~RowDigest();
  RowDigest(RowDigest&&) noexcept;

  void add(const arrow::RecordBatch& batch);  // in the batches that Batches makes
  std::int64_t rows() const { return rows_; }
  std::string finish() const;

 private:
  struct State;
  void add_bytes(const void* bytes, std::int64_t size);
  std::unique_ptr<State> state_;
  std::int64_t rows_ = 0;
};

}  // namespace heretix
