#include "service/sets/set_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>

#include "base/csv.hpp"
#include "base/error.hpp"
#include "base/strict_json.hpp"
#include "base/text.hpp"
#include "base/text_file.hpp"
#include "belief/claim/claim.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr const char* kName = "the set";  // in messages
constexpr int kDeepest = 4;
constexpr std::size_t kMostTags = 20;  // of a claim
constexpr std::size_t kLongestTag = 100;
constexpr std::size_t kMostColumns = 200;

constexpr std::array<std::string_view, 3> kUsualClaim = {"claim", "statement", "text"};
constexpr std::array<std::string_view, 4> kUsualTags = {"tags", "tag", "topic", "field"};
constexpr std::array<std::string_view, 3> kUsualTruth = {"truth", "label", "is_true"};

// The cells of a line as text. What JSON has as a list is a list of texts.
using Cells = std::vector<std::vector<std::string>>;

struct Table {
  std::vector<std::string> columns;
  std::vector<std::pair<int, Cells>> rows;
  std::vector<RefusedSetLine> refused;
};

std::string shown(std::string_view text) { return on_one_line(shortened(text, 40)); }

Table csv_table(const std::string& text) {
  std::istringstream stream{text};
  CsvReader reader(stream, kName);
  Table table{.columns = reader.header().header, .rows = {}, .refused = {}};
  while (auto row = reader.next_of_any_width()) {
    if (row->cells.size() != table.columns.size()) {
      table.refused.push_back({row->line, fmt::format("it has {} cells, but the header has {}: put quotes around a "
                                                      "claim that contains a comma",
                                                      row->cells.size(), table.columns.size())});
      continue;
    }
    Cells cells;
    for (std::string& cell : row->cells) cells.push_back({std::move(cell)});
    table.rows.emplace_back(row->line, std::move(cells));
  }
  return table;
}

std::vector<std::string> texts_of(const json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return {value.get<std::string>()};
  if (!value.is_array()) return {value.dump()};
  std::vector<std::string> texts;
  for (const json& one : value) texts.push_back(one.is_string() ? one.get<std::string>() : one.dump());
  return texts;
}

// Reads the fields of one line; a field that no line had before becomes a column. Empty: the line is refused.
std::optional<Cells> json_cells(std::string_view line, std::vector<std::string>& columns, std::string& why) {
  json object;
  const JsonFault fault = parse_strict(line, kDeepest, object);
  if (fault == JsonFault::duplicate_key) why = "it names a field twice";
  else if (fault != JsonFault::none || !object.is_object()) why = "it is not a JSON object";
  if (!why.empty()) return std::nullopt;

  Cells cells(columns.size());
  for (const auto& [name, value] : object.items()) {
    auto found = std::ranges::find(columns, name);
    if (found == columns.end()) {
      if (columns.size() == kMostColumns) continue;
      columns.push_back(name);
      cells.emplace_back();
      found = columns.end() - 1;
    }
    cells[static_cast<std::size_t>(found - columns.begin())] = texts_of(value);
  }
  return cells;
}

Table jsonl_table(const std::string& text) {
  Table table;
  std::istringstream stream{text};
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (is_blank(line)) continue;
    std::string why;
    if (auto cells = json_cells(line, table.columns, why)) table.rows.emplace_back(number, std::move(*cells));
    else table.refused.push_back({number, why});
  }
  return table;
}

Table line_table(const std::string& text) {
  Table table{.columns = {"claim"}, .rows = {}, .refused = {}};
  std::istringstream stream{text};
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (!is_blank(line)) table.rows.emplace_back(number, Cells{{std::string(trimmed(line, " \t\r"))}});
  }
  return table;
}

bool is_named_like(std::string_view column, std::span<const std::string_view> usual) {
  const std::string lower = to_lower_ascii(trimmed(column));
  return std::ranges::find(usual, lower) != usual.end();
}

// What begins with a brace is JSON lines. A first line without a comma that names no column of claims is a claim.
SetFormat guessed(std::string_view text) {
  const std::string_view start = trimmed(text, " \t\r\n");
  if (start.starts_with('{')) return SetFormat::jsonl;
  const std::string_view first = start.substr(0, start.find_first_of("\r\n"));
  const bool has_one_column = first.find(',') == std::string_view::npos;
  return has_one_column && !is_named_like(trimmed(first, " \t\""), kUsualClaim) ? SetFormat::lines : SetFormat::csv;
}

// The name of the column, which is empty if there is none.
std::string chosen_column(const std::vector<std::string>& columns, const std::optional<std::string>& wanted,
                          std::span<const std::string_view> usual) {
  if (wanted) {
    if (wanted->empty() || std::ranges::find(columns, *wanted) != columns.end()) return *wanted;
    throw Error(ErrorKind::bad_input, fmt::format("there is no column \"{}\" in the set", shown(*wanted)),
                fmt::format("it has: {}", shortened(on_one_line(fmt::format("{}", fmt::join(columns, ", "))), 200)));
  }
  // In the order of the usual names, so that "claim" goes before "text" wherever the two stand.
  for (const std::string_view name : usual) {
    const auto found = std::ranges::find_if(columns, [&](const std::string& column) {
      return is_named_like(column, {&name, 1});
    });
    if (found != columns.end()) return *found;
  }
  return "";
}

// Tags of a cell of text are separated by semicolons or commas.
std::vector<std::string> tags_of(const std::vector<std::string>& cell) {
  std::vector<std::string> tags;
  for (const std::string& text : cell) {
    std::string rest = text;
    std::ranges::replace(rest, ',', ';');
    for (const std::string_view part : split(rest, ';')) {
      const std::string tag(trimmed(part, " \t\r\n"));
      if (!tag.empty() && std::ranges::find(tags, tag) == tags.end()) tags.push_back(tag);
    }
  }
  const auto is_too_long = [](const std::string& tag) { return tag.size() > kLongestTag; };
  if (tags.size() > kMostTags || std::ranges::any_of(tags, is_too_long))
    throw Error(ErrorKind::bad_input,
                fmt::format("it has more than {} tags, or one of more than {} bytes", kMostTags, kLongestTag));
  return tags;
}

std::optional<bool> truth_of(const std::vector<std::string>& cell) {
  const std::string text = cell.empty() ? "" : std::string(trimmed(cell[0], " \t\r\n"));
  const std::string word = to_lower_ascii(text);
  if (word.empty()) return std::nullopt;
  if (word == "true" || word == "1" || word == "yes") return true;
  if (word == "false" || word == "0" || word == "no") return false;
  throw Error(
      ErrorKind::bad_input,
      fmt::format("its truth '{}' is neither true nor false: write true or false, or leave it empty", shown(text)));
}

// Reads the rows by the chosen columns.
class Reading {
 public:
  Reading(const Table& table, SetFile& file) : file_(file) {
    claim_ = place_of(table, *file.chosen.claim);
    tags_ = place_of(table, *file.chosen.tags);
    truth_ = place_of(table, *file.chosen.truth);
  }

  void add(int number, const Cells& cells) {
    try {
      SetLine line = read(number, cells);
      const auto [first, is_new] = seen_.emplace(trimmed(line.claim, " \t\r\n"), number);
      if (!is_new) throw Error(ErrorKind::bad_input, fmt::format("it repeats the claim of line {}", first->second));
      file_.lines.push_back(std::move(line));
    } catch (const Error& e) { file_.refused.push_back({number, e.what()}); }
  }

 private:
  static std::optional<std::size_t> place_of(const Table& table, const std::string& name) {
    if (name.empty()) return std::nullopt;
    const auto found = std::ranges::find(table.columns, name);
    return static_cast<std::size_t>(found - table.columns.begin());
  }

  // A line of JSON need not have every field.
  static const std::vector<std::string>& cell(const Cells& cells, std::optional<std::size_t> place) {
    static const std::vector<std::string> none;
    return place && *place < cells.size() ? cells[*place] : none;
  }

  SetLine read(int number, const Cells& cells) const {
    const std::vector<std::string>& texts = cell(cells, claim_);
    if (texts.empty() || is_blank(texts[0])) throw Error(ErrorKind::bad_input, "it has no claim");
    if (texts.size() > 1) throw Error(ErrorKind::bad_input, "its claim is a list: write one text");

    SetLine line{.line = number, .claim = parse_claim(texts[0]).text};
    require_statement(line.claim, true, "");
    line.is_question = is_question(line.claim);
    line.tags = tags_of(cell(cells, tags_));
    line.truth = truth_of(cell(cells, truth_));
    return line;
  }

  SetFile& file_;
  std::optional<std::size_t> claim_, tags_, truth_;
  std::map<std::string, int> seen_;  // the line of each claim
};

Table table_of(const std::string& text, SetFormat format) {
  switch (format) {
    case SetFormat::csv: return csv_table(text);
    case SetFormat::jsonl: return jsonl_table(text);
    case SetFormat::lines: return line_table(text);
  }
  return {};
}

}  // namespace

std::size_t SetFile::questions() const {
  return static_cast<std::size_t>(std::ranges::count(lines, true, &SetLine::is_question));
}

SetFile read_set(std::string_view bytes, std::optional<SetFormat> format, const SetColumns& wanted) {
  if (bytes.size() > kMostSetBytes)
    throw Error(ErrorKind::bad_input,
                fmt::format("the set has {} bytes; at most {} are allowed", bytes.size(), kMostSetBytes),
                "split it into several sets");
  const std::string text(utf8_text(bytes, kName));
  if (is_blank(text))
    throw Error(ErrorKind::bad_input, "the set is empty", "give a claim on each line, a CSV table or JSON lines");

  SetFile file{.format = format.value_or(guessed(text))};
  const Table table = table_of(text, file.format);
  file.columns = table.columns;
  file.refused = table.refused;
  file.chosen.claim = chosen_column(table.columns, wanted.claim, kUsualClaim);
  file.chosen.tags = chosen_column(table.columns, wanted.tags, kUsualTags);
  file.chosen.truth = chosen_column(table.columns, wanted.truth, kUsualTruth);
  if (table.rows.size() > kMostSetClaims)
    throw Error(ErrorKind::bad_input,
                fmt::format("the set has {} claims; at most {} are allowed", table.rows.size(), kMostSetClaims),
                "split it into several sets");
  if (file.chosen.claim->empty()) return file;

  Reading reading(table, file);
  for (const auto& [number, cells] : table.rows) reading.add(number, cells);
  std::ranges::stable_sort(file.refused, {}, &RefusedSetLine::line);
  return file;
}

}  // namespace heretix
