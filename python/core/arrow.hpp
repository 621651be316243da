// A table of columns in memory that other programs read where it lies: Arrow's C data interface
// (https://arrow.apache.org/docs/format/CDataInterface.html), handed over in PyCapsules.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heretix::python {

enum class Type { float64, int64, boolean, text, seconds_utc };

// Built value by value, then never changed.
struct Column {
  std::string name;
  Type type;
  std::vector<std::uint8_t> valid{};  // a bit a row, least significant first
  std::int64_t nulls = 0;
  std::vector<double> reals{};
  std::vector<std::int64_t> integers{};
  std::vector<std::uint8_t> bits{};
  std::vector<std::int64_t> offsets{0};  // of text: one more than rows
  std::string bytes{};
  std::size_t rows = 0;

  void add_null();
  void add(double value);
  void add(std::int64_t value);
  void add(bool value);
  void add(std::string_view value);

 private:
  void add_valid(bool is_valid);
};

class Table {
 public:
  explicit Table(std::vector<Column> columns);
  std::size_t rows() const { return data_->rows; }
  std::vector<std::string> names() const;
  const Column& column(const std::string& name) const;  // throws pybind11::key_error

  // Capsules that share the table's memory; it lives until the last of them is released.
  pybind11::object schema() const;
  pybind11::tuple array() const;
  pybind11::object stream() const;

  struct Data {
    std::vector<Column> columns;
    std::size_t rows = 0;
  };

 private:
  std::shared_ptr<const Data> data_;
};

}  // namespace heretix::python
