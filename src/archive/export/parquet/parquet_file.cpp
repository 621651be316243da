#include "archive/export/parquet/parquet_file.hpp"

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/io/interfaces.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "archive/export/parquet/arrow_error.hpp"
#include "archive/export/parquet/batches.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"

namespace heretix {
namespace {

// A new file whose digest is known when it is closed.
class HashedFile final : public arrow::io::OutputStream {
 public:
  explicit HashedFile(const std::string& path)
      : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
    if (file_ < 0)
      throw Error(ErrorKind::not_allowed, fmt::format("cannot create {}: {}", path, std::strerror(errno)),
                  "check the permissions of that folder; what was published before is intact");
  }
  ~HashedFile() override {
    if (file_ >= 0) ::close(file_);
  }
  HashedFile(const HashedFile&) = delete;
  HashedFile& operator=(const HashedFile&) = delete;

  arrow::Status Write(const void* data, std::int64_t size) override {
    const std::string_view bytes(static_cast<const char*>(data), static_cast<std::size_t>(size));
    if (!write_all(file_, bytes)) return arrow::Status::IOError("cannot write ", path_, ": ", std::strerror(errno));
    sha256_.update(bytes);
    bytes_ += size;
    return arrow::Status::OK();
  }
  using arrow::io::OutputStream::Write;
  arrow::Result<std::int64_t> Tell() const override { return bytes_; }
  bool closed() const override { return file_ < 0; }
  arrow::Status Close() override {
    const int closed = ::close(std::exchange(file_, -1));
    if (closed != 0) return arrow::Status::IOError("cannot close ", path_, ": ", std::strerror(errno));
    return arrow::Status::OK();
  }

  std::int64_t bytes() const { return bytes_; }
  std::string sha256() { return to_hex(sha256_.finish()); }

 private:
  std::string path_;
  int file_;
  Sha256 sha256_;
  std::int64_t bytes_ = 0;
};

bool is_json(const Column& column) { return std::string_view(column.name).ends_with("_json"); }

std::shared_ptr<parquet::WriterProperties> properties(const Table& table, const std::set<std::size_t>& without) {
  parquet::WriterProperties::Builder builder;
  builder.memory_pool(arrow::system_memory_pool());  // mimalloc's gives pages back and asks for them again
  builder.compression(arrow::Compression::ZSTD)->max_row_group_length(kRowGroupRows)->disable_dictionary();
  for (std::size_t place = 0; place < table.columns.size(); ++place) {
    const Column& column = table.columns[place];
    const auto path = parquet::schema::ColumnPath::FromDotString(column.name);
    if (column.repeats) builder.enable_dictionary(path);
    if (is_json(column) || without.contains(place)) builder.disable_statistics(path);  // no ranges are sought in JSON
  }
  return builder.build();
}

bool holds_nan(const arrow::ArrayData& doubles) {
  const auto* values = doubles.GetValues<double>(1);
  return std::any_of(values, values + doubles.length, [](double value) { return std::isnan(value); });
}

}  // namespace

struct ParquetFile::Writer {
  Writer(const Table& table, const std::string& path, const std::set<std::size_t>& without_statistics)
      : file(std::make_shared<HashedFile>(path)) {
    const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    parquet = value_of(parquet::arrow::FileWriter::Open(*arrow_schema(table), arrow::system_memory_pool(), file,
                                                        properties(table, without_statistics), arrow_properties));
  }

  void close() {
    require_ok(parquet->Close());
    if (!file->closed()) require_ok(file->Close());
  }

  std::shared_ptr<HashedFile> file;
  std::unique_ptr<parquet::arrow::FileWriter> parquet;
};

ParquetFile::ParquetFile(const Table& table, std::string local_path)
    : table_(table),
      writer_(std::make_unique<Writer>(table, local_path, std::set<std::size_t>{})),
      local_path_(std::move(local_path)) {}

ParquetFile::~ParquetFile() = default;

void ParquetFile::write(const arrow::RecordBatch& batch) {
  for (std::size_t place = 0; place < table_.columns.size(); ++place) {
    const bool is_real = table_.columns[place].type == ColumnType::real;
    if (is_real && holds_nan(*batch.column_data(static_cast<int>(place)))) with_nan_.insert(place);
  }

  require_ok(writer_->parquet->WriteRecordBatch(batch));
  rows_ += batch.num_rows();
}

// Whether a column keeps its statistics is fixed when a file is begun, and a NaN may come with the last row. Such files
// are rare (no store of ours makes a NaN), so they are written twice.
void ParquetFile::write_again_without_statistics() {
  const std::string path = local_path_ + ".again";
  Writer again(table_, path, with_nan_);

  // The batches are those that were written: a row group is a whole number of them.
  parquet::arrow::FileReaderBuilder builder;
  require_ok(builder.Open(value_of(arrow::io::ReadableFile::Open(local_path_))));
  parquet::ArrowReaderProperties reading;
  reading.set_batch_size(kBatchRows);
  reading.set_pre_buffer(false);  // else the whole file is held
  const auto reader = value_of(builder.memory_pool(arrow::system_memory_pool())->properties(reading)->Build());
  const auto batches = value_of(reader->GetRecordBatchReader());
  while (const auto batch = value_of(batches->Next())) require_ok(again.parquet->WriteRecordBatch(*batch));

  again.close();
  std::filesystem::rename(path, local_path_);
  writer_->file = again.file;
}

ParquetFile::Facts ParquetFile::close() {
  writer_->close();
  if (!with_nan_.empty()) write_again_without_statistics();
  return {.local_path = local_path_, .rows = rows_, .bytes = writer_->file->bytes(), .sha256 = writer_->file->sha256()};
}

}  // namespace heretix
