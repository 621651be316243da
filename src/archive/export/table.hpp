// The tables of the dataset: every column with its type, written once. The Arrow schema, the decoding and
// docs/analytics.md follow it.
//
// Columns may only be added, at the end, together with a new kSchemaVersion; readers then see nulls where older files
// lack them. Delta Lake and Iceberg have no unsigned 64-bit type, so every unsigned column NAME has a signed twin
// NAME_signed.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace heretix {

inline constexpr int kSchemaVersion = 3;

enum class ColumnType { text, boolean, integer, unsigned_integer, real, timestamp, date };

struct Column {
  const char* name;
  ColumnType type;
  bool repeats;  // it has few distinct values and is dictionary-encoded
  const char* meaning;
};

struct Table {
  const char* name;
  std::span<const Column> columns;
  std::size_t key;   // the column that names a row, unique in a source
  std::size_t time;  // the column whose month a row belongs to

  // Throws Error{broken} for a name that no column has.
  std::size_t place(std::string_view column) const;
  bool has(std::string_view column) const;
};

inline constexpr const char* kSignedTwin = "_signed";

// checks, samples, executions, usage.
std::span<const Table> dataset_tables();
const Table& dataset_table(std::string_view name);

const char* type_name(ColumnType type);  // as in the documentation: "string", "int64", "timestamp[us, UTC]", …

// The whole schema as Markdown.
std::string schema_docs();

}  // namespace heretix
