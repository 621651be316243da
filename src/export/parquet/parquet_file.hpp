// One Parquet file: zstd, row groups of 131,072 rows, statistics, dictionaries where values repeat.
#pragma once

#include <memory>
#include <string>

#include "export/table.hpp"

namespace arrow {
class RecordBatch;
}

namespace heretix {

// The same batches give the same bytes. Throws Error{unavailable} where the disk refuses.
class ParquetFile {
 public:
  ParquetFile(const Table& table, std::string local_path);
  ~ParquetFile();
  ParquetFile(const ParquetFile&) = delete;
  ParquetFile& operator=(const ParquetFile&) = delete;

  void write(const arrow::RecordBatch& batch);
  struct Facts {
    std::string local_path;
    std::int64_t rows = 0;
    std::int64_t bytes = 0;
    std::string sha256;
  };
  Facts close();

  std::int64_t rows() const { return rows_; }

 private:
  struct Writer;
  std::unique_ptr<Writer> writer_;
  std::string local_path_;
  std::int64_t rows_ = 0;
};

}  // namespace heretix
