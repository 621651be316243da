#include "archive/export/parquet/month_writer.hpp"

#include <arrow/record_batch.h>
#include <fmt/format.h>

namespace heretix {
namespace {

constexpr std::int64_t kFileRows = 1 << 20;  // a whole number of batches and of row groups

}  // namespace

std::string folder_of(const Partition& partition) {
  return fmt::format("env={}/month={}", partition.env, partition.month.text());
}

std::unique_ptr<ParquetFile> MonthWriter::new_file(const std::string& env) {
  const std::string name = fmt::format("{}-{}-{}.parquet", table_.name, env, staged_++);
  return std::make_unique<ParquetFile>(table_, target_.staged_file(name).local_path);
}

DatasetFile MonthWriter::publish(const ParquetFile::Facts& facts, const std::string& env, const std::string& month,
                                 const std::string& digest) {
  const std::string path =
      fmt::format("{0}/env={1}/month={2}/{0}-{3}.parquet", table_.name, env, month, facts.sha256.substr(0, 16));
  target_.publish({.local_path = facts.local_path}, path);
  return {.path = path,
          .env = env,
          .month = month,
          .rows = facts.rows,
          .bytes = facts.bytes,
          .sha256 = facts.sha256,
          .digest = digest,
          .schema_version = kSchemaVersion};
}

void MonthWriter::end_month(Open& open) {
  open.closed.push_back(open.file->close());
  const std::string digest = open.digest.finish();
  for (const ParquetFile::Facts& facts : open.closed) {
    done_[open.partition].push_back(publish(facts, open.partition.env, open.partition.month.text(), digest));
  }
}

void MonthWriter::add(const Partition& partition, const arrow::RecordBatch& batch) {
  auto open = open_.find(partition.env);
  if (open != open_.end() && open->second.partition != partition) {
    end_month(open->second);
    open_.erase(open);
    open = open_.end();
  }
  if (open == open_.end())
    open = open_.try_emplace(partition.env, Open{partition, RowDigest(table_), new_file(partition.env)}).first;
  if (open->second.file->rows() >= kFileRows) {
    open->second.closed.push_back(open->second.file->close());
    open->second.file = new_file(partition.env);
  }
  open->second.digest.add(batch);
  open->second.file->write(batch);
}

std::map<Partition, std::vector<DatasetFile>> MonthWriter::finish() {
  for (auto& [env, open] : open_) end_month(open);
  open_.clear();
  return std::move(done_);
}

DatasetFile MonthWriter::write_without_rows() {
  const auto file = new_file("none");
  return publish(file->close(), "none", "none", "");
}

}  // namespace heretix
