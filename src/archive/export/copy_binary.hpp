// Reads PostgreSQL's binary COPY format (PostgreSQL manual, COPY, "Binary Format"), one tuple at a time.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "archive/export/cells.hpp"
#include "archive/export/table.hpp"

namespace heretix {

// Whether `bytes` is the trailer that ends the data.
bool is_copy_trailer(std::string_view bytes);

// `bytes` without the header that precedes the first tuple. Throws Error{broken} if there is no header.
std::string_view without_copy_header(std::string_view bytes);

// The fields of a tuple that has `count` of them, and its first two: a whole number of 8 or 4 bytes, and a text.
struct CopiedKey {
  std::optional<std::int64_t> time;
  std::string_view key;
  std::string_view fields;
};
// Throws Error{broken} where the tuple does not have that shape.
CopiedKey read_copied_key(std::string_view tuple, std::size_t count);

// Which cell a field goes to, and what it becomes there. Whole numbers have 1, 2, 4 or 8 bytes, times are microseconds
// or days since 2000, and a uuid of 16 bytes becomes its text.
struct CopiedField {
  std::size_t place;
  ColumnType type;
  bool is_uuid = false;
  const char* column = "a column";  // as messages name it
};

class CopiedRowReader {
 public:
  explicit CopiedRowReader(std::vector<CopiedField> fields) : fields_(std::move(fields)), uuids_(fields_.size()) {}
  std::size_t fields() const { return fields_.size(); }
  // Texts point into `fields` or live until the next call. Throws Error{broken} if the fields do not have that shape.
  // Throws Error{bad_input} naming the column for a value with the width of another type, and for a time that no reader
  // could hold (infinity, or outside the years 1 to 9999).
  void read(std::string_view fields, Cells& cells);

 private:
  std::vector<CopiedField> fields_;
  std::vector<std::array<char, 36>> uuids_;
};

}  // namespace heretix
