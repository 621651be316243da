#include "cli/batch_file.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "cli/csv.hpp"

namespace heretix {
namespace {

using nlohmann::json;

bool is_blank(const std::string& line) { return line.find_first_not_of(" \t\r") == std::string::npos; }

BatchEntry entry_from(const std::string& fields_as_json, const std::string& place) {
  BatchEntry entry{place, parse_config(fields_as_json, place)};
  if (!entry.settings.claim)
    throw Error(ErrorKind::bad_input, fmt::format("{}: no field 'claim'", place), "every line or row needs one");
  return entry;
}

std::vector<BatchEntry> read_jsonl(std::istream& in, const std::string& name) {
  std::vector<BatchEntry> entries;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (is_blank(line)) continue;
    const std::string place = fmt::format("{}:{}", name, number);
    if (!json::accept(line))
      throw Error(ErrorKind::bad_input, fmt::format("{}: not a JSON object", place),
                  "one object a line, with a field 'claim'");
    entries.push_back(entry_from(line, place));
  }
  return entries;
}

std::vector<BatchEntry> read_csv(std::istream& in, const std::string& name) {
  const CsvTable table = parse_csv(std::string(std::istreambuf_iterator<char>(in), {}), name);
  std::vector<BatchEntry> entries;
  for (const CsvRow& row : table.rows) {
    json fields = json::object();
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      if (!row.cells[i].empty()) fields[table.header[i]] = row.cells[i];
    }
    entries.push_back(
        entry_from(fields.dump(-1, ' ', false, json::error_handler_t::replace), fmt::format("{}:{}", name, row.line)));
  }
  return entries;
}

}  // namespace

std::vector<BatchEntry> read_batch_file(const std::string& path) {
  if (path == "-") return read_jsonl(std::cin, "standard input");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorKind::not_found, fmt::format("cannot read {}", path), "give a .jsonl or .csv file, or -");
  return path.ends_with(".csv") ? read_csv(file, path) : read_jsonl(file, path);
}

}  // namespace heretix
