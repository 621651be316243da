// Writes the files of a table's months, each published when its month ends.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "archive/export/manifest.hpp"
#include "archive/export/parquet/batches.hpp"
#include "archive/export/parquet/parquet_file.hpp"
#include "archive/export/parquet/row_digest.hpp"
#include "archive/export/target.hpp"

namespace heretix {

std::string folder_of(const Partition& partition);  // "env=local/month=2026-11"

class MonthWriter {
 public:
  MonthWriter(const Table& table, Target& target) : table_(table), target_(target) {}

  // The months of one env must come in order.
  void add(const Partition& partition, const arrow::RecordBatch& batch);
  std::map<Partition, std::vector<DatasetFile>> finish();
  DatasetFile write_without_rows();

 private:
  struct Open {
    Partition partition;
    RowDigest digest;
    std::unique_ptr<ParquetFile> file;
    std::vector<ParquetFile::Facts> closed{};
  };
  void end_month(Open& open);
  std::unique_ptr<ParquetFile> new_file(const std::string& env);
  DatasetFile publish(const ParquetFile::Facts& facts, const std::string& env, const std::string& month,
                      const std::string& digest);

  const Table& table_;
  Target& target_;
  std::map<std::string, Open> open_;  // by env
  std::map<Partition, std::vector<DatasetFile>> done_;
  int staged_ = 0;
};

}  // namespace heretix
