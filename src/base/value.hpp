// What a column of a database holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace heretix {

using Value = std::variant<std::monostate, std::int64_t, double, std::string>;  // monostate is NULL

// NULL where there is no value.
template <class T>
Value value_or_null(const std::optional<T>& held) {
  return held ? Value(*held) : Value();
}

// Whether two values are equal. Real numbers are compared bit by bit: -0 is not 0, and a NaN equals itself.
bool are_same(const Value& a, const Value& b);

enum class ColumnKind {
  text,     // a time too
  integer,  // signed, 64 bits
  bits,     // 64 bits without a sign, kept as the signed number of the same bits
  truth,    // read as 0 or 1
  real,
  bytes
};

}  // namespace heretix
