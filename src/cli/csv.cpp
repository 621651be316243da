#include "cli/csv.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace heretix {
namespace {

class Reader {
 public:
  Reader(const std::string& text, const std::string& source) : text_(text), source_(source) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }
  bool has_more() const { return at_ < text_.size(); }

  CsvRow row() {
    CsvRow row{line_, {}};
    do row.cells.push_back(cell());
    while (take(','));
    take('\r');
    if (has_more() && !take('\n')) refuse("text behind a closing quote");
    ++line_;
    return row;
  }

 private:
  bool take(char c) {
    if (!has_more() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  [[noreturn]] void refuse(const char* what) const {
    throw Error(ErrorKind::bad_input, fmt::format("{}:{}: {}", source_, line_, what),
                "write CSV as RFC 4180 has it, with a header");
  }
  std::string cell() {
    if (take('"')) return quoted();
    const std::size_t end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    std::string plain = text_.substr(at_, end - at_);
    at_ = end;
    return plain;
  }
  std::string quoted() {
    std::string value;
    for (;;) {
      if (!has_more()) refuse("a quote is never closed");
      const char c = text_[at_++];
      if (c == '\n') ++line_;
      if (c != '"') value += c;
      else if (take('"')) value += '"';
      else return value;
    }
  }

  const std::string& text_;
  const std::string& source_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

CsvTable parse_csv(const std::string& text, const std::string& source) {
  Reader reader(text, source);
  CsvTable table;
  if (!reader.has_more())
    throw Error(ErrorKind::bad_input, fmt::format("{} is empty", source), "the first row names the columns");
  table.header = reader.row().cells;
  while (reader.has_more()) {
    CsvRow row = reader.row();
    if (row.cells.size() == 1 && row.cells[0].empty()) continue;
    if (row.cells.size() != table.header.size()) {
      throw Error(
          ErrorKind::bad_input,
          fmt::format("{}:{}: {} cells, the header has {}", source, row.line, row.cells.size(), table.header.size()),
          "quote a claim that holds a comma");
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace heretix
