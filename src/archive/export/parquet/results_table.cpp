#include "archive/export/parquet/results_table.hpp"

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <fmt/format.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "archive/export/parquet/arrow_error.hpp"
#include "archive/export/parquet/batches.hpp"
#include "base/error.hpp"

namespace heretix {
namespace {

using nlohmann::ordered_json;

enum class Kind { nothing, truth, whole, real, text, texts, mixed };

struct ResultColumn {
  std::string name;
  Kind kind = Kind::nothing;
  std::unique_ptr<arrow::ArrayBuilder> cells{};
};

// What a column of results holds, even where all of its cells are empty (docs/batch.md).
std::optional<Kind> kind_of_result(const std::string& name) {
  static constexpr std::pair<const char*, Kind> kKinds[] = {
      {"p", Kind::real},        {"low", Kind::real},           {"high", Kind::real},
      {"stable", Kind::truth},  {"gates_failed", Kind::texts}, {"compliance", Kind::real},
      {"answers", Kind::whole}, {"from_store", Kind::whole},   {"billed_usd", Kind::real},
      {"seconds", Kind::real},  {"mock", Kind::truth},         {"error", Kind::text},
  };
  const auto* found = std::ranges::find(kKinds, name, &std::pair<const char*, Kind>::first);
  return found == std::end(kKinds) ? std::nullopt : std::optional(found->second);
}

Kind kind_of(const ordered_json& value) {
  if (value.is_null()) return Kind::nothing;
  if (value.is_boolean()) return Kind::truth;
  if (value.is_number_float()) return Kind::real;
  if (value.is_string()) return Kind::text;
  if (value.is_number_unsigned() && !std::in_range<std::int64_t>(value.get<std::uint64_t>())) return Kind::mixed;
  if (value.is_number()) return Kind::whole;
  const bool is_texts = value.is_array() && std::ranges::all_of(value, [](const auto& v) { return v.is_string(); });
  return is_texts ? Kind::texts : Kind::mixed;
}

// What holds values of both kinds.
Kind joined(Kind a, Kind b) {
  if (a == b || b == Kind::nothing) return a;
  if (a == Kind::nothing) return b;
  const bool are_numbers = (a == Kind::whole && b == Kind::real) || (a == Kind::real && b == Kind::whole);
  return are_numbers ? Kind::real : Kind::mixed;
}

std::shared_ptr<arrow::DataType> arrow_type(Kind kind) {
  switch (kind) {
    case Kind::truth: return arrow::boolean();
    case Kind::whole: return arrow::int64();
    case Kind::real: return arrow::float64();
    case Kind::texts: return arrow::list(arrow::utf8());
    case Kind::nothing:
    case Kind::text:
    case Kind::mixed: return arrow::utf8();
  }
  throw Error(ErrorKind::broken, "a column without a kind");
}

void for_each_row(const std::string& path, const std::function<void(const ordered_json&)>& body) {
  std::ifstream file(path);
  if (!file)
    throw Error(ErrorKind::not_found, fmt::format("cannot read {}", path),
                "name a table of results that heretix batch -o NAME.jsonl wrote");

  std::string line;
  for (std::int64_t number = 1; std::getline(file, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto row = ordered_json::parse(line, nullptr, false);
    if (!row.is_object())
      throw Error(ErrorKind::bad_input, fmt::format("{}:{}: this line is not a JSON object", path, number),
                  "each line is one row, as heretix batch -o NAME.jsonl writes it (docs/batch.md)");
    body(row);
  }
}

// The columns in the order in which they first come.
std::vector<ResultColumn> columns_of(const std::string& lines) {
  std::vector<ResultColumn> columns;
  for_each_row(lines, [&](const ordered_json& row) {
    std::size_t next = 0;  // rows have their columns in one order, so each is looked for where it should be first
    for (const auto& [name, value] : row.items()) {
      if (next >= columns.size() || columns[next].name != name) {
        next = static_cast<std::size_t>(std::ranges::find(columns, name, &ResultColumn::name) - columns.begin());
        if (next == columns.size())
          columns.push_back({.name = name, .kind = kind_of_result(name).value_or(Kind::nothing)});
      }
      columns[next].kind = joined(columns[next].kind, kind_of(value));
      ++next;
    }
  });
  return columns;
}

std::string as_text(const ordered_json& value, Kind kind) {
  return kind != Kind::mixed ? value.get<std::string>()
                             : value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

void append_texts(arrow::ListBuilder& list, const ordered_json& texts) {
  require_ok(list.Append());
  auto& items = static_cast<arrow::StringBuilder&>(*list.value_builder());
  for (const ordered_json& text : texts) require_ok(items.Append(text.get<std::string>()));
}

void append(ResultColumn& column, const ordered_json* value) {
  arrow::ArrayBuilder& cells = *column.cells;
  if (value == nullptr || value->is_null()) return require_ok(cells.AppendNull());

  switch (column.kind) {
    case Kind::truth: return require_ok(static_cast<arrow::BooleanBuilder&>(cells).Append(value->get<bool>()));
    case Kind::whole: return require_ok(static_cast<arrow::Int64Builder&>(cells).Append(value->get<std::int64_t>()));
    case Kind::real: return require_ok(static_cast<arrow::DoubleBuilder&>(cells).Append(value->get<double>()));
    case Kind::texts: return append_texts(static_cast<arrow::ListBuilder&>(cells), *value);
    case Kind::nothing:
    case Kind::text:
    case Kind::mixed: return require_ok(static_cast<arrow::StringBuilder&>(cells).Append(as_text(*value, column.kind)));
  }
}

// Writes rows in batches to a new file.
class ResultsFile {
 public:
  ResultsFile(std::vector<ResultColumn> columns, const std::string& path) : columns_(std::move(columns)) {
    arrow::FieldVector fields;
    for (ResultColumn& column : columns_) {
      fields.push_back(arrow::field(column.name, arrow_type(column.kind)));
      column.cells = value_of(arrow::MakeBuilder(fields.back()->type(), arrow::system_memory_pool()));
    }
    schema_ = arrow::schema(fields);

    auto opened = arrow::io::FileOutputStream::Open(path);
    if (!opened.ok())
      throw Error(ErrorKind::not_allowed, fmt::format("cannot create {}: {}", path, opened.status().message()),
                  "name another file with --out");
    file_ = *opened;
    const auto properties = parquet::WriterProperties::Builder()
                                .memory_pool(arrow::system_memory_pool())
                                ->compression(arrow::Compression::ZSTD)
                                ->max_row_group_length(kRowGroupRows)
                                ->build();
    const auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    writer_ = value_of(
        parquet::arrow::FileWriter::Open(*schema_, arrow::system_memory_pool(), file_, properties, arrow_properties));
  }

  void add(const ordered_json& row) {
    for (ResultColumn& column : columns_) {
      const auto found = row.find(column.name);
      append(column, found == row.end() ? nullptr : &*found);
    }
    ++rows_;
    if (++waiting_ == kBatchRows) flush();
  }

  std::int64_t close() {
    flush();
    require_ok(writer_->Close());
    require_ok(file_->Close());
    return rows_;
  }

 private:
  void flush() {
    arrow::ArrayVector arrays;
    for (ResultColumn& column : columns_) arrays.push_back(value_of(column.cells->Finish()));
    const auto batch = arrow::RecordBatch::Make(schema_, std::exchange(waiting_, 0), std::move(arrays));
    require_ok(writer_->WriteRecordBatch(*batch));
  }

  std::vector<ResultColumn> columns_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::io::FileOutputStream> file_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::int64_t waiting_ = 0;
  std::int64_t rows_ = 0;
};

}  // namespace

std::int64_t write_results_table(const ResultsPaths& paths) {
  const auto& [lines, parquet] = paths;
  std::vector<ResultColumn> columns = columns_of(lines);
  if (columns.empty())
    throw Error(ErrorKind::bad_input, fmt::format("{} has no rows", lines),
                "name a table of results that heretix batch -o NAME.jsonl wrote");

  const std::string staged = parquet + ".new";
  ResultsFile file(std::move(columns), staged);
  std::int64_t rows = 0;
  try {
    for_each_row(lines, [&](const ordered_json& row) { file.add(row); });
    rows = file.close();
  } catch (...) {
    std::filesystem::remove(staged);
    throw;
  }
  std::filesystem::rename(staged, parquet);
  return rows;
}

}  // namespace heretix
