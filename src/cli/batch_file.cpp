#include "cli/batch_file.hpp"

#include <fmt/format.h>

#include <iostream>
#include <iterator>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "base/text_file.hpp"
#include "cli/csv.hpp"
#include "cli/given_field.hpp"

namespace heretix {
namespace {

BatchEntry entry_from(const std::vector<GivenField>& fields, const std::string& place) {
  BatchEntry entry{place, settings_from(fields)};
  if (!entry.settings.claim)
    throw Error(ErrorKind::bad_input, fmt::format("{}: no field 'claim'", place), "every line or row needs this field");
  return entry;
}

std::vector<BatchEntry> read_jsonl(const std::string& bytes, const std::string& name) {
  std::vector<BatchEntry> entries;
  std::size_t number = 0;
  for (const std::string_view line : split(utf8_text(bytes, name), '\n')) {
    ++number;
    if (is_blank(line)) continue;
    entries.push_back(entry_from(json_fields(line, name, number), fmt::format("{}:{}", name, number)));
  }
  return entries;
}

std::vector<BatchEntry> read_csv(const std::string& bytes, const std::string& name) {
  const CsvTable table = parse_csv(bytes, name, {"claim"});
  std::vector<BatchEntry> entries;
  for (const CsvRow& row : table.rows) {
    const std::string place = fmt::format("{}:{}", name, row.line);
    std::vector<GivenField> fields;
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      if (row.cells[i].empty()) continue;
      if (table.header[i].empty())
        throw Error(ErrorKind::bad_input, fmt::format("{}: the column {} has no name", place, i + 1),
                    "name it or remove it; pandas leaves out its index with to_csv(index=False)");
      fields.push_back({.name = table.header[i], .text = row.cells[i], .place = place});
    }
    entries.push_back(entry_from(fields, place));
  }
  return entries;
}

}  // namespace

std::vector<BatchEntry> read_batch_file(const std::string& path) {
  if (path == "-") return read_jsonl(std::string(std::istreambuf_iterator<char>(std::cin), {}), "standard input");
  const auto bytes = content_of_file(path);
  if (!bytes)
    throw Error(ErrorKind::not_found, fmt::format("cannot read {}", path), "give a .jsonl or .csv file, or -");
  return has_ending(path, ".csv") ? read_csv(*bytes, path) : read_jsonl(*bytes, path);
}

}  // namespace heretix
