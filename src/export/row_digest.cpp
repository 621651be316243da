#include "export/row_digest.hpp"

#include <arrow/api.h>
#include <fmt/format.h>

namespace heretix {
namespace {

constexpr int kDigestVersion = 1;

// A fresh batch starts at offset 0 and its null slots are zero; bytes behind the last value are not looked at.
void add_buffer(Sha256& sha256, const std::shared_ptr<arrow::Buffer>& buffer, std::int64_t bytes) {
  if (!buffer || bytes == 0) {
    sha256.update("-");
    return;
  }
  sha256.update("+");
  sha256.update({reinterpret_cast<const char*>(buffer->data()), static_cast<std::size_t>(bytes)});
}

std::int64_t value_bytes(const arrow::ArrayData& data, std::size_t buffer) {
  const std::int64_t bits = arrow::bit_util::BytesForBits(data.length);
  if (buffer == 0) return bits;
  const bool is_text = data.type->id() == arrow::Type::STRING;
  if (is_text && buffer == 1) return (data.length + 1) * static_cast<std::int64_t>(sizeof(std::int32_t));
  if (is_text) return data.GetValues<std::int32_t>(1)[data.length];
  if (data.type->id() == arrow::Type::BOOL) return bits;
  return data.length * data.type->byte_width();
}

}  // namespace

RowDigest::RowDigest(const Table& table) {
  sha256_.update(fmt::format("{} {} {} ", kDigestVersion, kSchemaVersion, table.name));
}

void RowDigest::add(const arrow::RecordBatch& batch) {
  rows_ += batch.num_rows();
  sha256_.update(fmt::format("{} ", batch.num_rows()));
  for (const std::shared_ptr<arrow::ArrayData>& data : batch.column_data()) {
    for (std::size_t i = 0; i < data->buffers.size(); ++i) {
      const bool has_nulls = i != 0 || data->GetNullCount() > 0;
      add_buffer(sha256_, has_nulls ? data->buffers[i] : nullptr, value_bytes(*data, i));
    }
  }
}

}  // namespace heretix
