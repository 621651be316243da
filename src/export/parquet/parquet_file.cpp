#include "export/parquet/parquet_file.hpp"

#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/file.hpp"
#include "base/sha256.hpp"
#include "export/parquet/arrow_error.hpp"
#include "export/parquet/batches.hpp"

namespace heretix {
namespace {

constexpr std::int64_t kRowGroupRows = 131'072;

// A new file whose digest is known when it is closed.
class HashedFile final : public arrow::io::OutputStream {
 public:
  explicit HashedFile(const std::string& path)
      : path_(path), file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
    if (file_ < 0)
      throw Error(ErrorKind::not_allowed, fmt::format("cannot create {}: {}", path, std::strerror(errno)),
                  "check the rights of that folder; what was published before is intact");
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

std::shared_ptr<parquet::WriterProperties> properties(const Table& table) {
  parquet::WriterProperties::Builder builder;
  builder.memory_pool(arrow::system_memory_pool());  // mimalloc's gives pages back and asks for them again
  builder.compression(arrow::Compression::ZSTD)->max_row_group_length(kRowGroupRows)->disable_dictionary();
  for (const Column& column : table.columns) {
    const auto path = parquet::schema::ColumnPath::FromDotString(column.name);
    if (column.repeats) builder.enable_dictionary(path);
    if (is_json(column)) builder.disable_statistics(path);  // nobody seeks a range of them
  }
  return builder.build();
}

}  // namespace

struct ParquetFile::Writer {
  explicit Writer(const std::string& path) : file(std::make_shared<HashedFile>(path)) {}
  std::shared_ptr<HashedFile> file;
  std::unique_ptr<parquet::arrow::FileWriter> parquet;
};

ParquetFile::ParquetFile(const Table& table, std::string local_path)
    : writer_(std::make_unique<Writer>(local_path)), local_path_(std::move(local_path)) {
  const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  writer_->parquet = value_of(parquet::arrow::FileWriter::Open(*arrow_schema(table), arrow::system_memory_pool(),
                                                               writer_->file, properties(table), arrow_properties));
}

ParquetFile::~ParquetFile() = default;

void ParquetFile::write(const arrow::RecordBatch& batch) {
  require_ok(writer_->parquet->WriteRecordBatch(batch));
  rows_ += batch.num_rows();
}

ParquetFile::Facts ParquetFile::close() {
  require_ok(writer_->parquet->Close());
  if (!writer_->file->closed()) require_ok(writer_->file->Close());
  return {.local_path = local_path_, .rows = rows_, .bytes = writer_->file->bytes(), .sha256 = writer_->file->sha256()};
}

}  // namespace heretix
