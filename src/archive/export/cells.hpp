// One row on its way from a store to the dataset: one cell for each column, in the order of the table.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace heretix {

struct Cell {
  enum class Kind : unsigned char { null, integer, real, text };
  Kind kind = Kind::null;
  union {
    std::int64_t integer = 0;  // boolean: 0 or 1; timestamp: microseconds, date: days, both since 1970 in UTC
    double real;
  };
  std::string_view text{};  // belongs to whoever made the row

  static Cell of(std::int64_t value) {
    Cell cell;
    cell.kind = Kind::integer;
    cell.integer = value;
    return cell;
  }
  static Cell of(double value) {
    Cell cell;
    cell.kind = Kind::real;
    cell.real = value;
    return cell;
  }
  static Cell of(std::string_view value) {
    Cell cell;
    cell.kind = Kind::text;
    cell.text = value;
    return cell;
  }
  bool is_null() const { return kind == Kind::null; }
};

using Cells = std::span<Cell>;

}  // namespace heretix
