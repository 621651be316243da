// Reads CSV as RFC 4180 defines it: a header, and quoted fields that may hold doubled quotes and line ends.
#pragma once

#include <istream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heretix {

struct CsvRow {
  int line = 0;  // where it starts
  std::vector<std::string> cells;
};

// The columns of a table, and where they are from.
struct CsvHeader {
  std::string source;  // the file's name
  std::vector<std::string> header;

  // Empty if there is no such column.
  std::optional<std::size_t> column(std::string_view name) const;
  // Throws Error{bad_input} naming the existing columns if there is no such column.
  std::size_t required_column(const std::string& name) const;
};

struct CsvTable : CsvHeader {
  std::vector<CsvRow> rows;  // each as wide as the header
};

// Reads a table row by row, so that it need not fit in memory. Throws Error{bad_input} naming the line: a quote left
// open, a row of another width, a column that is there twice, a column of `required` that is missing, no header. Lines
// end with \n, \r\n or \r. That the text is UTF-8 was seen before (base/text_file.hpp).
class CsvReader {
 public:
  // `text` is borrowed, and stands behind its byte order mark.
  CsvReader(std::istream& text, const std::string& source, const std::vector<std::string>& required = {});
  const CsvHeader& header() const { return header_; }
  std::optional<CsvRow> next();
  // The same without a look at the row's width, for callers that go on behind a row of another width.
  std::optional<CsvRow> next_of_any_width();

 private:
  CsvRow row();
  std::string cell();
  std::string quoted();
  bool has_more() const;
  bool take(char c);
  [[noreturn]] void refuse(const char* what) const;

  std::streambuf& text_;
  CsvHeader header_;
  int line_ = 1;
};

// The whole table. Throws what CsvReader throws, and Error{bad_input} for text that is not UTF-8.
CsvTable parse_csv(std::string_view bytes, const std::string& source, const std::vector<std::string>& required = {});

// The text as one cell, in quotes where it needs them. Pure.
std::string csv_cell(const std::string& text);

}  // namespace heretix
