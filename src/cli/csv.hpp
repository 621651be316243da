// CSV as RFC 4180 has it: a header, quoted fields with doubled quotes and line ends inside.
#pragma once

#include <string>
#include <vector>

namespace heretix {

struct CsvRow {
  int line = 0;  // where it starts
  std::vector<std::string> cells;
};

struct CsvTable {
  std::vector<std::string> header;
  std::vector<CsvRow> rows;  // each as wide as the header
};

// Throws Error{bad_input} naming the line: a quote left open, a row of another width, no header.
CsvTable parse_csv(const std::string& text, const std::string& source);

}  // namespace heretix
