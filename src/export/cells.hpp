// One row on its way from a store to the dataset: a cell a column, in the order of the table.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace heretix {

struct Cell {
  enum class Kind : unsigned char { null, integer, real, text };
  Kind kind = Kind::null;
  std::int64_t integer = 0;  // boolean: 0 or 1; timestamp: microseconds, date: days, both since 1970 in UTC
  double real = 0;
  std::string_view text{};  // belongs to whoever made the row

  static Cell of(std::int64_t value) { return {.kind = Kind::integer, .integer = value}; }
  static Cell of(double value) { return {.kind = Kind::real, .real = value}; }
  static Cell of(std::string_view value) { return {.kind = Kind::text, .text = value}; }
  bool is_null() const { return kind == Kind::null; }
};

using Cells = std::vector<Cell>;

}  // namespace heretix
