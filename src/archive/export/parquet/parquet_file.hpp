// One Parquet file: zstd, row groups of 131,072 rows, statistics, and dictionaries where values repeat.
//
// A column of doubles that holds a NaN anywhere in the file has no statistics. Arrow leaves NaN out of minimum and
// maximum, as the format asks for. DuckDB, for which NaN is the greatest number, skips row groups by these statistics
// and then loses the rows with NaN (`x > 1` in 1.5.5 and 2.0.0, isnan(x) in 2.0.0).
#pragma once

#include <memory>
#include <set>
#include <string>

#include "archive/export/table.hpp"

namespace arrow {
class RecordBatch;
}

namespace heretix {

// The same batches give the same bytes. Throws Error{unavailable} if the disk refuses.
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
  void write_again_without_statistics();

  const Table& table_;
  std::unique_ptr<Writer> writer_;
  std::string local_path_;
  std::int64_t rows_ = 0;
  std::set<std::size_t> with_nan_;  // places of columns
};

}  // namespace heretix
