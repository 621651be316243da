#include "cli/result_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "base/csv.hpp"
#include "base/error.hpp"
#include "base/strict_json.hpp"
#include "base/text.hpp"
#include "base/text_file.hpp"
#include "cli/labelled_file.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr const char* kHint = "give a table of results: heretix batch claims.csv -o results.csv makes one";
constexpr int kDeepest = 16;  // objects and lists within one another, in a column that is carried through

std::string quoted(const std::string& text) { return fmt::format("'{}'", on_one_line(shortened(text, 40))); }

// One row of the table. A column that is not there, an empty cell and null are the same: nothing.
class ResultRow {
 public:
  explicit ResultRow(std::string place) : place_(std::move(place)) {}
  virtual ~ResultRow() = default;
  ResultRow(const ResultRow&) = delete;
  ResultRow& operator=(const ResultRow&) = delete;

  const std::string& place() const { return place_; }
  // A number or truth of JSON as it is written. Refuses a list and an object.
  virtual std::optional<std::string> text(const std::string& column) const = 0;
  // `separators` part the values of a text.
  virtual std::vector<std::string> list(const std::string& column, const char* separators) const = 0;

  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ErrorKind::bad_input, fmt::format("{}: {}", place_, what), kHint);
  }

  std::string required(const std::string& column) const {
    const auto found = text(column);
    if (!found || is_blank(*found)) refuse(fmt::format("no '{}' in this row", column));
    return *found;
  }

  std::optional<double> number(const std::string& column, double least, double most) const {
    const auto found = text(column);
    if (!found) return std::nullopt;
    double value = 0;
    const char* end = found->data() + found->size();
    const auto [stopped, fault] = std::from_chars(found->data(), end, value);
    if (fault != std::errc() || stopped != end || !std::isfinite(value))
      refuse(fmt::format("'{}' is {}, which is not a number", column, quoted(*found)));
    if (value < least || value > most) {
      const std::string limit =
          std::isfinite(most) ? fmt::format("from {:g} to {:g}", least, most) : fmt::format("{:g} or more", least);
      refuse(fmt::format("'{}' is {}; it must be {}", column, *found, limit));
    }
    return value;
  }

  std::size_t count(const std::string& column) const {
    const double value = number(column, 0, 1e15).value_or(0);
    if (value != std::floor(value)) refuse(fmt::format("'{}' is {}, which is not a whole number", column, value));
    return static_cast<std::size_t>(value);
  }

  std::optional<bool> truth(const std::string& column) const {
    const auto found = text(column);
    if (!found) return std::nullopt;
    if (*found == "true" || *found == "false") return *found == "true";
    refuse(fmt::format("'{}' is {}; it must be true or false", column, quoted(*found)));
  }

 private:
  std::string place_;
};

std::vector<std::string> parted(const std::string& text, const char* separators) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find_first_of(separators, begin), text.size());
    const std::string_view part = trimmed(std::string_view(text).substr(begin, end - begin));
    if (!part.empty()) parts.emplace_back(part);
    begin = end + 1;
  }
  return parts;
}

class CsvResult final : public ResultRow {
 public:
  using Columns = std::map<std::string, std::size_t, std::less<>>;
  CsvResult(std::string place, const Columns& columns, const CsvRow& row)
      : ResultRow(std::move(place)), columns_(columns), row_(row) {}

  std::optional<std::string> text(const std::string& column) const override {
    const auto found = columns_.find(column);
    if (found == columns_.end() || row_.cells[found->second].empty()) return std::nullopt;
    return row_.cells[found->second];
  }
  std::vector<std::string> list(const std::string& column, const char* separators) const override {
    const auto found = text(column);
    return found ? parted(*found, separators) : std::vector<std::string>();
  }

 private:
  const Columns& columns_;
  const CsvRow& row_;
};

class JsonResult final : public ResultRow {
 public:
  JsonResult(std::string place, const json& row) : ResultRow(std::move(place)), row_(row) {}

  std::optional<std::string> text(const std::string& column) const override {
    const json* found = value(column);
    if (found == nullptr) return std::nullopt;
    if (found->is_structured()) refuse(fmt::format("'{}' is a list or an object; it must be one value", column));
    return found->is_string() ? found->get<std::string>() : found->dump();
  }
  std::vector<std::string> list(const std::string& column, const char* separators) const override {
    const json* found = value(column);
    if (found == nullptr) return {};
    if (!found->is_array()) return parted(*text(column), separators);
    std::vector<std::string> parts;
    for (const json& part : *found) {
      if (part.is_structured()) refuse(fmt::format("'{}' holds a list or an object within its list", column));
      parts.push_back(part.is_string() ? part.get<std::string>() : part.dump());
    }
    return parts;
  }

 private:
  const json* value(const std::string& column) const {
    const auto found = row_.find(column);
    return found == row_.end() || found->is_null() ? nullptr : &*found;
  }
  const json& row_;
};

void take_tags(const ResultRow& from, const std::vector<std::string>& columns, AtlasRow& row) {
  for (const std::string& column : columns) {
    const bool is_plain = column == "tags" || column == "tag";
    for (const std::string& value : from.list(column, is_plain ? ",;" : "\n"))
      row.tags.push_back(is_plain ? value : fmt::format("{}: {}", column, value));
  }
}

AtlasRow row_from(const ResultRow& from, const std::string& truth, const std::vector<std::string>& tags) {
  AtlasRow row{.place = from.place(), .claim = from.required("claim"), .model = ModelName(from.required("model"))};
  row.provider = from.text("provider").value_or("");

  row.p = from.number("p", 0, 1);
  row.low = from.number("low", 0, 1);
  row.high = from.number("high", 0, 1);
  if (row.low.has_value() != row.high.has_value()) from.refuse("only one of 'low' and 'high' is there");
  if (row.low && !row.p) from.refuse("there is an interval but no 'p'");
  if (row.low && *row.low > *row.high) from.refuse(fmt::format("'low' is {} and 'high' {}", *row.low, *row.high));
  row.is_stable = from.truth("stable");

  row.gates_failed = from.list("gates_failed", " ");
  row.compliance = from.number("compliance", 0, 1);
  row.answers = from.count("answers");
  row.from_store = from.count("from_store");
  row.billed = Usd::from_micros(std::llround(from.number("billed_usd", 0, 1e6).value_or(0) * 1e6));
  row.seconds = from.number("seconds", 0, INFINITY).value_or(0);
  if (const auto execution = from.text("execution_id")) row.execution_id = ExecutionId(*execution);
  row.is_mock = from.truth("mock").value_or(false);
  row.error = from.text("error").value_or("");

  take_tags(from, tags, row);
  if (const auto label = from.text(truth); label && !is_blank(*label))
    row.truth = label_from(std::string(trimmed(*label)), from.place());
  return row;
}

std::vector<std::string> tag_columns(const ResultColumns& columns) {
  return columns.tags.empty() ? std::vector<std::string>(std::begin(kTagColumns), std::end(kTagColumns)) : columns.tags;
}

std::string truth_column(const ResultColumns& columns) { return columns.truth.empty() ? "truth" : columns.truth; }

std::ifstream opened(const std::string& path) {
  std::error_code unknown;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, unknown))
    throw Error(ErrorKind::not_found, fmt::format("cannot read {}", path), kHint);
  if (has_ending(path, ".parquet"))
    throw Error(ErrorKind::bad_input, fmt::format("{} is Parquet, which an atlas cannot be made of", path),
                "write the results as .csv or .jsonl: heretix batch claims.csv -o results.csv");
  return file;
}

std::vector<AtlasRow> read_csv(std::istream& file, const std::string& path, const ResultColumns& columns) {
  CsvReader reader(file, path, {"claim", "model", "p"});
  for (const std::string& tag : columns.tags) reader.header().required_column(tag);
  if (!columns.truth.empty()) reader.header().required_column(columns.truth);

  CsvResult::Columns places;
  const std::vector<std::string>& header = reader.header().header;
  for (std::size_t i = 0; i < header.size(); ++i) places.emplace(header[i], i);

  const std::vector<std::string> tags = tag_columns(columns);
  const std::string truth = truth_column(columns);
  std::vector<AtlasRow> rows;
  while (const auto row = reader.next())
    rows.push_back(row_from(CsvResult(fmt::format("{}:{}", path, row->line), places, *row), truth, tags));
  return rows;
}

// A named column has to be there in some line, because JSON lines may leave out what has no value.
void require_seen(const std::set<std::string>& seen, const ResultColumns& columns, const std::string& path) {
  std::vector<std::string> named = columns.tags;
  if (!columns.truth.empty()) named.push_back(columns.truth);
  for (const std::string& name : named) {
    if (!seen.contains(name))
      throw Error(ErrorKind::bad_input, fmt::format("{}: no line has the field {}", path, quoted(name)),
                  "name a field that the table has");
  }
}

std::vector<AtlasRow> read_json_lines(std::istream& file, const std::string& path, const ResultColumns& columns) {
  const std::vector<std::string> tags = tag_columns(columns);
  const std::string truth = truth_column(columns);
  std::set<std::string> seen;
  std::vector<AtlasRow> rows;
  std::size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (is_blank(line)) continue;

    // The quick reader finds the fault; the careful one tells where it is.
    json object;
    if (parse_strict(line, kDeepest, object) != JsonFault::none) object = PlacedJson(line, path, kHint, number).root();
    const std::string place = fmt::format("{}:{}", path, number);
    if (!object.is_object()) throw Error(ErrorKind::bad_input, fmt::format("{}: not a JSON object", place), kHint);
    rows.push_back(row_from(JsonResult(place, object), truth, tags));
    for (const auto& [name, value] : object.items()) seen.insert(name);
  }
  require_seen(seen, columns, path);
  return rows;
}

}  // namespace

std::vector<AtlasRow> read_result_table(const std::string& path, const ResultColumns& columns) {
  std::ifstream file = opened(path);
  const std::size_t mark = require_utf8(file, path);
  file.clear();
  file.seekg(static_cast<std::streamoff>(mark));

  std::vector<AtlasRow> rows =
      has_ending(path, ".csv") ? read_csv(file, path, columns) : read_json_lines(file, path, columns);
  if (rows.empty()) throw Error(ErrorKind::bad_input, fmt::format("{} holds no result", path), kHint);
  return rows;
}

}  // namespace heretix
