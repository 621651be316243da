#include "archive/export/parquet/batches.hpp"

#include <arrow/api.h>
#include <fmt/format.h>

#include "archive/export/parquet/arrow_error.hpp"

namespace heretix {
namespace {

std::shared_ptr<arrow::DataType> arrow_type(ColumnType type) {
  switch (type) {
    case ColumnType::text: return arrow::utf8();
    case ColumnType::boolean: return arrow::boolean();
    case ColumnType::integer: return arrow::int64();
    case ColumnType::unsigned_integer: return arrow::uint64();
    case ColumnType::real: return arrow::float64();
    case ColumnType::timestamp: return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case ColumnType::date: return arrow::date32();
  }
  throw Error(ErrorKind::broken, "a column without a type");
}

template <class Builder>
Builder& as(arrow::ArrayBuilder& builder) {
  return static_cast<Builder&>(builder);
}

template <class Builder, class Value>
void append_fixed(arrow::ArrayBuilder& builder, const Cell& cell, Value value) {
  if (cell.is_null()) as<Builder>(builder).UnsafeAppendNull();
  else as<Builder>(builder).UnsafeAppend(value);
}

void append_text(arrow::StringBuilder& builder, const Cell& cell) {
  if (cell.is_null()) {
    builder.UnsafeAppendNull();
    return;
  }
  require_ok(builder.ReserveData(static_cast<std::int64_t>(cell.text.size())));
  builder.UnsafeAppend(cell.text);
}

// Builders have room for a batch's rows from the start.
void append(arrow::ArrayBuilder& builder, ColumnType type, const Cell& cell) {
  switch (type) {
    case ColumnType::text: return append_text(as<arrow::StringBuilder>(builder), cell);
    case ColumnType::boolean: return append_fixed<arrow::BooleanBuilder>(builder, cell, cell.integer != 0);
    case ColumnType::integer: return append_fixed<arrow::Int64Builder>(builder, cell, cell.integer);
    case ColumnType::unsigned_integer:
      return append_fixed<arrow::UInt64Builder>(builder, cell, static_cast<std::uint64_t>(cell.integer));
    case ColumnType::real: return append_fixed<arrow::DoubleBuilder>(builder, cell, cell.real);
    case ColumnType::timestamp: return append_fixed<arrow::TimestampBuilder>(builder, cell, cell.integer);
    case ColumnType::date:
      return append_fixed<arrow::Date32Builder>(builder, cell, static_cast<std::int32_t>(cell.integer));
  }
}

}  // namespace

std::shared_ptr<arrow::Schema> arrow_schema(const Table& table) {
  arrow::FieldVector fields;
  for (const Column& column : table.columns) fields.push_back(arrow::field(column.name, arrow_type(column.type)));
  return arrow::schema(fields, arrow::key_value_metadata({{"heretix.table", table.name},
                                                          {"heretix.schema_version", std::to_string(kSchemaVersion)}}));
}

struct Batches::Open {
  Partition partition;
  std::unique_ptr<arrow::RecordBatchBuilder> builder;
  std::int64_t rows = 0;
};

Batches::Batches(const Table& table, Take take) : table_(table), schema_(arrow_schema(table)), take_(std::move(take)) {}
Batches::~Batches() = default;

void Batches::flush(Open& open) {
  if (open.rows == 0) return;
  take_(open.partition, value_of(open.builder->Flush()));
  open.rows = 0;
}

void Batches::select(const Partition& partition) {
  std::unique_ptr<Open>& open = open_[partition.env];
  if (!open) {
    open = std::make_unique<Open>(Open{partition, nullptr, 0});
    open->builder = value_of(arrow::RecordBatchBuilder::Make(schema_, arrow::system_memory_pool(), kBatchRows));
  }
  if (open->partition != partition) flush(*open);
  open->partition = partition;
  selected_ = open.get();
}

void Batches::add(const Cells& row) {
  for (std::size_t i = 0; i < row.size(); ++i)
    append(*selected_->builder->GetField(static_cast<int>(i)), table_.columns[i].type, row[i]);
  if (++selected_->rows == kBatchRows) flush(*selected_);
}

void Batches::finish() {
  for (auto& [env, open] : open_) flush(*open);
}

}  // namespace heretix
