#include "archive/export/parquet/row_digest.hpp"

#include <arrow/api.h>
#include <fmt/format.h>
#define XXH_STATIC_LINKING_ONLY  // the state as a plain struct
#include <xxhash.h>

namespace heretix {
namespace {

constexpr int kDigestVersion = 1;

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

struct RowDigest::State {
  XXH3_state_t hash;
};

RowDigest::RowDigest(const Table& table) : state_(std::make_unique<State>()) {
  XXH3_128bits_reset(&state_->hash);
  const std::string begin = fmt::format("{} {} {} ", kDigestVersion, kSchemaVersion, table.name);
  add_bytes(begin.data(), static_cast<std::int64_t>(begin.size()));
}
RowDigest::~RowDigest() = default;
RowDigest::RowDigest(RowDigest&&) noexcept = default;

// Each with its length, so that no two lists of buffers look alike.
void RowDigest::add_bytes(const void* bytes, std::int64_t size) {
  XXH3_128bits_update(&state_->hash, &size, sizeof size);
  XXH3_128bits_update(&state_->hash, bytes, static_cast<std::size_t>(size));
}

// A fresh batch starts at offset 0 and its null slots are zero; bytes behind the last value are not looked at.
void RowDigest::add(const arrow::RecordBatch& batch) {
  rows_ += batch.num_rows();
  for (const std::shared_ptr<arrow::ArrayData>& data : batch.column_data()) {
    for (std::size_t i = 0; i < data->buffers.size(); ++i) {
      const bool is_there = data->buffers[i] != nullptr && (i != 0 || data->GetNullCount() > 0);
      add_bytes(is_there ? data->buffers[i]->data() : nullptr, is_there ? value_bytes(*data, i) : 0);
    }
  }
}

std::string RowDigest::finish() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(&state_->hash);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace heretix
