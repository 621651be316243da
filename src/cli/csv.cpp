#include "cli/csv.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/text_file.hpp"

namespace heretix {
namespace {

class Reader {
 public:
  explicit Reader(const NamedText& file) : text_(file.text), source_(file.name) {}
  bool has_more() const { return at_ < text_.size(); }

  CsvRow row() {
    CsvRow row{line_, {}};
    do row.cells.push_back(cell());
    while (take(','));
    const bool has_return = take('\r');
    if (has_more() && !take('\n') && !has_return) refuse("there is text after a closing quote");
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
                "write CSV as RFC 4180 describes it, with a header");
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
      if (!has_more()) refuse("a quote is not closed");
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

// A column without a name is one that a spreadsheet left over, or an index: nothing asks for it by its name.
void require_columns_once(const CsvTable& table, const std::string& source) {
  std::set<std::string> seen;
  for (const std::string& name : table.header) {
    if (name.empty() || seen.insert(name).second) continue;
    throw Error(ErrorKind::bad_input,
                fmt::format("{}:1: the column \"{}\" appears twice", source, on_one_line(shortened(name, 40))),
                "rename or remove one of the two");
  }
}

// Why a column is missing, as far as the header shows it.
std::string advice_for(const std::string& name, const std::vector<std::string>& header) {
  for (const std::string& other : header) {
    if (to_lower_ascii(trimmed(other)) == name)
      return fmt::format("rename the column \"{}\" to \"{}\"", on_one_line(other), name);
  }
  if (header.size() == 1 && header[0].find_first_of(";\t") != std::string::npos)
    return "separate the columns by commas; a European Excel writes semicolons, and \"Text (Tab delimited)\" has tabs";
  return "the first line names the columns, separated by commas";
}

}  // namespace

std::optional<std::size_t> CsvTable::column(std::string_view name) const {
  const auto found = std::ranges::find(header, name);
  return found == header.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - header.begin()));
}

std::size_t CsvTable::required_column(const std::string& name) const {
  if (const auto found = column(name)) return *found;
  throw Error(ErrorKind::bad_input,
              fmt::format("there is no column \"{}\" in {}; it has: {}", name, source,
                          shortened(on_one_line(fmt::format("{}", fmt::join(header, ", "))), 200)),
              advice_for(name, header));
}

CsvTable parse_csv(std::string_view bytes, const std::string& source, const std::vector<std::string>& required) {
  const NamedText file{.name = source, .text = std::string(utf8_text(bytes, source))};
  Reader reader(file);
  CsvTable table{.source = source, .header = {}, .rows = {}};
  if (!reader.has_more())
    throw Error(ErrorKind::bad_input, fmt::format("{} is empty", source), "the first line names the columns");
  table.header = reader.row().cells;
  require_columns_once(table, source);
  for (const std::string& name : required) table.required_column(name);  // before a row with other separators is read

  while (reader.has_more()) {
    CsvRow row = reader.row();
    if (row.cells.size() == 1 && row.cells[0].empty()) continue;
    if (row.cells.size() != table.header.size()) {
      throw Error(ErrorKind::bad_input,
                  fmt::format("{}:{}: the row has {} cells, but the header has {}", source, row.line, row.cells.size(),
                              table.header.size()),
                  "put quotes around a claim that contains a comma");
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace heretix
