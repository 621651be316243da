#include "cli/batch_file.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "base/text_file.hpp"
#include "cli/batch_results.hpp"

namespace heretix {
namespace {

BatchEntry entry_from(std::vector<GivenField> fields, const std::string& place) {
  // A table of results may be given again.
  std::erase_if(fields, [](const GivenField& f) { return f.name != "mock" && is_column_of_results(f.name); });
  BatchEntry entry{.place = place, .settings = {}};
  entry.settings = settings_from(fields, entry.others);
  if (!entry.settings.claim)
    throw Error(ErrorKind::bad_input, fmt::format("{}: no field 'claim'", place), "every line or row needs this field");
  return entry;
}

// A list of claims, one on each line or all in one JSON array, is what people try first.
std::vector<GivenField> fields_in_line(const std::string& line, const std::string& name, std::size_t number) {
  try {
    return json_fields(line, name, number);
  } catch (const Error& e) {
    if (trimmed(line).starts_with('{')) throw;
    throw Error(
        e.kind(), e.what(),
        "write one JSON object per line, such as {\"claim\": \"Bees sleep\"}; or a table with the column claim, in "
        "a file whose name ends in .csv");
  }
}

// A copy that can be read again. It has no name any more once it is open.
std::ifstream copy_of_standard_input() {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/lines";
  std::ofstream copy(path, std::ios::binary);
  if (std::cin.peek() != EOF) copy << std::cin.rdbuf();
  copy.close();
  if (!copy)
    throw Error(ErrorKind::unavailable, fmt::format("cannot copy standard input to {}", path),
                "free some space there, set TMPDIR to another folder, or name a file");
  return std::ifstream(path, std::ios::binary);
}

std::ifstream opened(const std::string& path) {
  if (path == "-") return copy_of_standard_input();
  std::error_code unknown;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, unknown))
    throw Error(ErrorKind::not_found, fmt::format("cannot read {}", path), "give a .jsonl or .csv file, or -");
  return file;
}

}  // namespace

BatchReader::BatchReader(const std::string& path)
    : name_(path == "-" ? "standard input" : path), is_csv_(has_ending(path, ".csv")), file_(opened(path)) {
  mark_ = require_utf8(file_, name_);
  rewind();
}

void BatchReader::rewind() {
  file_.clear();
  file_.seekg(static_cast<std::streamoff>(mark_));
  line_ = 0;
  rows_.reset();
  if (is_csv_) rows_.emplace(file_, name_, std::vector<std::string>{"claim"});
}

std::optional<BatchEntry> BatchReader::next() { return is_csv_ ? next_row() : next_line(); }

std::optional<BatchEntry> BatchReader::next_line() {
  for (std::string line; std::getline(file_, line);) {
    ++line_;
    if (!is_blank(line)) return entry_from(fields_in_line(line, name_, line_), fmt::format("{}:{}", name_, line_));
  }
  return std::nullopt;
}

std::optional<BatchEntry> BatchReader::next_row() {
  const std::optional<CsvRow> row = rows_->next();
  if (!row) return std::nullopt;

  const std::string place = fmt::format("{}:{}", name_, row->line);
  const std::vector<std::string>& header = rows_->header().header;
  std::vector<GivenField> fields;
  for (std::size_t i = 0; i < row->cells.size(); ++i) {
    if (row->cells[i].empty()) continue;
    if (header[i].empty())
      throw Error(ErrorKind::bad_input, fmt::format("{}: the column {} has no name", place, i + 1),
                  "name it or remove it; pandas leaves out its index with to_csv(index=False)");
    fields.push_back({.name = header[i], .text = row->cells[i], .place = place});
  }
  return entry_from(std::move(fields), place);
}

std::vector<BatchEntry> read_batch_file(const std::string& path) {
  BatchReader reader(path);
  std::vector<BatchEntry> entries;
  while (auto entry = reader.next()) {
    if (!entry->others.empty()) entry->others.front().refuse_as_unknown();
    entries.push_back(std::move(*entry));
  }
  return entries;
}

}  // namespace heretix
