#include "cli/batch_results.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/child_process.hpp"
#include "base/csv.hpp"
#include "base/error.hpp"
#include "base/money.hpp"
#include "base/text.hpp"
#include "base/text_file.hpp"
#include "cli/advice.hpp"
#include "cli/resources.hpp"
#include "report/mock_mark.hpp"

namespace heretix {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kRowRunColumns = 24;
constexpr std::size_t kRowModelColumns = 28;
constexpr std::size_t kRowNumberColumns = 28;      // p, interval and "unstable"
constexpr std::size_t kRowLeastClaimColumns = 20;  // on one line with all the rest
constexpr std::size_t kRowMostClaimColumns = 60;
constexpr std::size_t kLeastTableColumns = 60;
constexpr std::size_t kRowBeforeClaim = kRowRunColumns + 2 + kRowNumberColumns + 2 + kRowModelColumns + 1;

// Behind claim and model, and before place and error.
constexpr std::array kColumnsOfRecord = {"provider",   "mode",         "p",          "low",          "high",
                                         "stable",     "gates_failed", "compliance", "answers",      "from_store",
                                         "billed_usd", "seconds",      "run_id",     "execution_id", "mock"};

// The value of a column that is carried through, as JSON has it; a CSV file has texts alone.
ordered_json carried(const GivenField& field) {
  if (field.kind == FieldKind::nothing) return nullptr;
  return field.kind == FieldKind::text ? ordered_json(field.text) : ordered_json::parse(field.text);
}

// One row by the names of its columns. Null means that there is no such number.
ordered_json columns_of(const BatchRow& row, const std::vector<std::string>& others) {
  ordered_json out = {{"claim", row.claim}, {"model", row.model.text()}};
  for (const char* name : kColumnsOfRecord) out[name] = nullptr;

  if (const Record* r = row.record) {
    out["provider"] = r->execution.provider;
    out["mode"] = r->plan.recipe.mode.text();
    out["p"] = r->belief.p().value();
    if (const auto found = r->belief.interval()) {
      out["low"] = found->low.value();
      out["high"] = found->high.value();
    }
    if (r->agreement.is_stable) out["stable"] = *r->agreement.is_stable;
    out["gates_failed"] = ordered_json::array();
    for (const Gate& gate : r->gates) {
      if (!gate.passed()) out["gates_failed"].push_back(gate.name);
    }
    out["compliance"] = r->compliance;
    out["answers"] = r->answered;
    out["from_store"] = r->from_store;
    out["billed_usd"] = Usd::from_micros(r->execution.billed_micro_usd).dollars();
    out["seconds"] = r->execution.finished_at - r->execution.created_at;
    out["run_id"] = r->plan.run_id.text();
    out["execution_id"] = r->execution.execution_id.text();
    out["mock"] = is_mock(*r);
  }

  out["place"] = row.place;
  out["error"] = row.error.empty() ? ordered_json(nullptr) : ordered_json(row.error);

  for (const std::string& name : others) out[name] = nullptr;
  if (row.others == nullptr) return out;
  for (const GivenField& field : *row.others) out[field.name] = carried(field);
  return out;
}

std::string csv_text(const ordered_json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return csv_cell(value.get<std::string>());
  if (value.is_object()) return csv_cell(value.dump());
  if (!value.is_array()) return value.dump();
  std::string joined;
  for (const ordered_json& each : value)
    joined += (joined.empty() ? "" : " ") + (each.is_string() ? each.get<std::string>() : each.dump());
  return csv_cell(joined);
}

std::string csv_line(const ordered_json& columns, bool of_names) {
  std::string line;
  for (const auto& [name, value] : columns.items())
    line += (line.empty() ? "" : ",") + (of_names ? csv_cell(name) : csv_text(value));
  return line + "\r\n";
}

std::string errno_text() { return std::strerror(errno); }

std::string part_of(const std::string& path) { return path + ".part"; }

// The file that rows are written to until all of them are there.
Descriptor begun_table(const std::string& path) {
  constexpr const char* kRemedy = "name another file with --out";
  if (std::filesystem::is_directory(path))
    throw Error(ErrorKind::not_allowed, fmt::format("cannot write {}: it is a folder", path), kRemedy);

  Descriptor file(::open(part_of(path).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file.number() < 0)
    throw Error(ErrorKind::not_allowed, fmt::format("cannot write {}: {}", part_of(path), errno_text()), kRemedy);
  return file;
}

// Before anything is asked, because the table could not be made in the end.
void require_export_program() {
  if (::access(export_program().c_str(), X_OK) == 0) return;
  throw Error(ErrorKind::not_found,
              fmt::format("a Parquet table needs heretix-export, and {} is not there", export_program()),
              "install it beside heretix (make build), or name a table that ends in .csv or .jsonl");
}

// Has heretix-export turn JSON lines into a Parquet file. What goes wrong there it tells on standard error.
void make_parquet(const std::string& lines, const std::string& parquet) {
  constexpr ChildLimits kLimits{.most_output = 65'536, .longest = std::chrono::hours(1)};
  try {
    output_of({export_program(), "export", "--results", lines, "--out", parquet, "--quiet"}, {}, kLimits);
  } catch (const Error&) {
    throw Error(ErrorKind::unavailable, fmt::format("{} could not be made of the rows in {}", parquet, lines),
                fmt::format("heretix export --results {} --out {}", shell_word(lines), shell_word(parquet)));
  }
}

}  // namespace

bool is_column_of_results(std::string_view name) {
  return name == "place" || name == "error" || std::ranges::find(kColumnsOfRecord, name) != kColumnsOfRecord.end();
}

BatchTable::BatchTable(std::size_t columns) : columns_(std::max(columns, kLeastTableColumns)) {}

bool BatchTable::is_narrow() const { return columns_ < kRowBeforeClaim + kRowLeastClaimColumns; }

std::string BatchTable::header() const {
  if (is_narrow()) return {};
  return fmt::format("{:<{}}  {:>4}  {:<12}  {:<8}  {:<{}} {}\n", "run", kRowRunColumns, "p", "95 % within", "",
                     "model", kRowModelColumns, "claim");
}

std::string BatchTable::row(const BatchRow& row) const {
  const Record& r = *row.record;
  const auto found = r.belief.interval();
  const std::string interval = found ? fmt::format("{:.2f} to {:.2f}", found->low.value(), found->high.value()) : "-";
  const char* unstable = r.agreement.is_stable == false ? "unstable" : "";
  const std::string numbers = fmt::format("{:>4.2f}  {:<12}  {:<8}", r.belief.p().value(), interval, unstable);
  const std::string model = on_one_line(shown_model(row.model, is_mock(r))), claim = on_one_line(row.claim);

  if (is_narrow())
    return fmt::format("{}  {}\n  {}\n  {}\n", numbers, shortened(model, columns_ - kRowNumberColumns - 2),
                       r.plan.run_id, shortened(claim, columns_ - 2));
  return fmt::format("{:<{}}  {}  {:<{}} {}\n", r.plan.run_id.text(), kRowRunColumns, numbers,
                     shortened(model, kRowModelColumns), kRowModelColumns,
                     shortened(claim, std::min(columns_ - kRowBeforeClaim, kRowMostClaimColumns)));
}

BatchFile::Form BatchFile::form_of(const std::string& path) {
  if (path.empty() || has_ending(path, ".jsonl")) return Form::json_lines;
  if (has_ending(path, ".csv")) return Form::csv;
  if (has_ending(path, ".parquet")) return Form::parquet;
  throw Error(ErrorKind::bad_input,
              fmt::format("--out is '{}', which ends neither in .csv nor in .jsonl nor in .parquet", on_one_line(path)),
              "name the table with one of these endings, e.g. --out results.csv");
}

BatchFile::BatchFile(const std::string& path, std::vector<std::string> others)
    : path_(path),
      form_(form_of(path)),
      others_(std::move(others)),
      file_(path.empty() ? Descriptor(-1) : begun_table(path)) {
  if (form_ == Form::parquet) require_export_program();
  if (is_wanted() && form_ == Form::csv)
    add(csv_line(columns_of({.place = {}, .claim = {}, .model = ModelName("")}, others_), true));
}

std::string BatchFile::part_path() const { return part_of(path_); }

std::string BatchFile::text_of(const BatchRow& row) const {
  if (!is_wanted()) return {};
  const ordered_json columns = columns_of(row, others_);
  return form_ == Form::csv ? csv_line(columns, false)
                            : columns.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

void BatchFile::add(const std::string& text) {
  if (!is_wanted() || write_all(file_.number(), text)) return;
  throw Error(ErrorKind::unavailable, fmt::format("cannot write {}: {}", part_of(path_), errno_text()),
              "free some space there; what was measured is stored: heretix list");
}

void BatchFile::complete() {
  if (!is_wanted()) return;
  if (form_ == Form::parquet) {
    make_parquet(part_of(path_), path_);
    std::filesystem::remove(part_of(path_));
    return;
  }
  if (std::rename(part_of(path_).c_str(), path_.c_str()) == 0) return;
  throw Error(ErrorKind::unavailable, fmt::format("cannot rename {} to {}: {}", part_of(path_), path_, errno_text()),
              "the table is complete; rename it yourself");
}

}  // namespace heretix
