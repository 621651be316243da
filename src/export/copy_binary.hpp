// PostgreSQL's binary COPY format (PostgreSQL manual, COPY, "Binary Format"), a tuple at a time.
#pragma once

#include <span>
#include <string_view>

#include "export/cells.hpp"
#include "export/table.hpp"

namespace heretix {

// Whether `bytes` is the trailer that ends the data.
bool is_copy_trailer(std::string_view bytes);

// `bytes` behind the header that precedes the first tuple. Throws Error{broken} where there is none.
std::string_view without_copy_header(std::string_view bytes);

// `columns` says for each field which cell it goes to and how it is read: whole numbers of 1, 2, 4 or 8 bytes, doubles,
// text, and times as microseconds or days since 2000. Texts point into `tuple`.
struct CopiedField {
  std::size_t place;
  ColumnType type;
};
// Throws Error{broken} where the tuple does not have that shape; Error{bad_input} for a time that no reader could
// hold (infinity; outside years 1 to 9999).
void read_copied(std::string_view tuple, std::span<const CopiedField> fields, Cells& cells);

}  // namespace heretix
