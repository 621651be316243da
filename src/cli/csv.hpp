// Reads CSV as RFC 4180 defines it: a header, and quoted fields that may hold doubled quotes and line ends.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heretix {

struct CsvRow {
  int line = 0;  // where it starts
  std::vector<std::string> cells;
};

struct CsvTable {
  std::string source;  // the file's name
  std::vector<std::string> header;
  std::vector<CsvRow> rows;  // each as wide as the header

  // Empty if there is no such column.
  std::optional<std::size_t> column(std::string_view name) const;
  // Throws Error{bad_input} naming the existing columns if there is no such column.
  std::size_t required_column(const std::string& name) const;
};

// Throws Error{bad_input} naming the line: text that is not UTF-8, a quote left open, a row of another width, a column
// that is there twice, a column of `required` that is missing, no header. Lines end with \n, \r\n or \r.
CsvTable parse_csv(std::string_view bytes, const std::string& source, const std::vector<std::string>& required = {});

}  // namespace heretix
