#include "base/csv.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/text_file.hpp"

namespace heretix {
namespace {

// A column without a name is one that a spreadsheet left over, or an index: nothing asks for it by its name.
void require_columns_once(const CsvHeader& table) {
  std::set<std::string> seen;
  for (const std::string& name : table.header) {
    if (name.empty() || seen.insert(name).second) continue;
    throw Error(ErrorKind::bad_input,
                fmt::format("{}:1: the column \"{}\" appears twice", table.source, on_one_line(shortened(name, 40))),
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

std::optional<std::size_t> CsvHeader::column(std::string_view name) const {
  const auto found = std::ranges::find(header, name);
  return found == header.end() ? std::nullopt : std::optional(static_cast<std::size_t>(found - header.begin()));
}

std::size_t CsvHeader::required_column(const std::string& name) const {
  if (const auto found = column(name)) return *found;
  throw Error(ErrorKind::bad_input,
              fmt::format("there is no column \"{}\" in {}; it has: {}", name, source,
                          shortened(on_one_line(fmt::format("{}", fmt::join(header, ", "))), 200)),
              advice_for(name, header));
}

CsvReader::CsvReader(std::istream& text, const std::string& source, const std::vector<std::string>& required)
    : text_(*text.rdbuf()), header_{.source = source, .header = {}} {
  if (!has_more())
    throw Error(ErrorKind::bad_input, fmt::format("{} is empty", source), "the first line names the columns");
  header_.header = row().cells;
  require_columns_once(header_);
  for (const std::string& name : required) header_.required_column(name);  // before a row with other separators is read
}

std::optional<CsvRow> CsvReader::next() {
  auto next = next_of_any_width();
  if (!next || next->cells.size() == header_.header.size()) return next;
  throw Error(ErrorKind::bad_input,
              fmt::format("{}:{}: the row has {} cells, but the header has {}", header_.source, next->line,
                          next->cells.size(), header_.header.size()),
              "put quotes around a claim that contains a comma");
}

std::optional<CsvRow> CsvReader::next_of_any_width() {
  while (has_more()) {
    CsvRow next = row();
    const bool is_empty = next.cells.size() == 1 && next.cells[0].empty();
    if (!is_empty) return next;
  }
  return std::nullopt;
}

CsvRow CsvReader::row() {
  CsvRow row{line_, {}};
  do row.cells.push_back(cell());
  while (take(','));
  const bool has_return = take('\r');
  if (has_more() && !take('\n') && !has_return) refuse("there is text after a closing quote");
  ++line_;
  return row;
}

std::string CsvReader::cell() {
  if (take('"')) return quoted();
  std::string plain;
  for (int c = text_.sgetc(); c != EOF && c != ',' && c != '\r' && c != '\n'; c = text_.snextc())
    plain += static_cast<char>(c);
  return plain;
}

std::string CsvReader::quoted() {
  std::string value;
  for (;;) {
    if (!has_more()) refuse("a quote is not closed");
    const char c = static_cast<char>(text_.sbumpc());
    if (c == '\n') ++line_;
    if (c != '"') value += c;
    else if (take('"')) value += '"';
    else return value;
  }
}

bool CsvReader::has_more() const { return text_.sgetc() != EOF; }

bool CsvReader::take(char c) {
  if (text_.sgetc() != static_cast<unsigned char>(c)) return false;
  text_.sbumpc();
  return true;
}

void CsvReader::refuse(const char* what) const {
  throw Error(ErrorKind::bad_input, fmt::format("{}:{}: {}", header_.source, line_, what),
              "write CSV as RFC 4180 describes it, with a header");
}

CsvTable parse_csv(std::string_view bytes, const std::string& source, const std::vector<std::string>& required) {
  std::istringstream text{std::string(utf8_text(bytes, source))};
  CsvReader reader(text, source, required);
  CsvTable table{reader.header(), {}};
  while (auto row = reader.next()) table.rows.push_back(std::move(*row));
  return table;
}

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  return "\"" + replaced(text, {"\"", "\"\""}) + "\"";
}

}  // namespace heretix
