// What a batch prints and writes: one row for each claim and model.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "belief/record/record.hpp"
#include "cli/given_field.hpp"

namespace heretix {

// One row before it has a form. Without a record the check failed, and `error` says why.
struct BatchRow {
  std::string place;  // "claims.csv:3"
  std::string claim;
  ModelName model;
  const Record* record = nullptr;
  std::string error{};
  const std::vector<GivenField>* others = nullptr;  // columns of the line that are no settings
};

// Whether a table of results has a column of that name. A column of the input that is called so is not carried through,
// because the results of this batch take its place.
bool is_column_of_results(std::string_view name);

// The rows as people read them; on a narrow terminal each takes three lines.
class BatchTable {
 public:
  explicit BatchTable(std::size_t columns);  // of the terminal
  std::string header() const;                // before the first row; empty on a narrow terminal
  std::string row(const BatchRow& row) const;

 private:
  bool is_narrow() const;
  std::size_t columns_;
};

// The rows as a table for programs: CSV with a header, JSON lines, or Parquet, by the ending of the file's name. They
// are written as they come, to a file beside it with the ending ".part", which takes its name once the batch is
// complete. So an earlier table stays until a whole one takes its place. For Parquet they are JSON lines until then,
// because a Parquet file that is not closed cannot be read; heretix-export turns them into one. The columns are those
// of docs/batch.md, and behind them those that are carried through.
class BatchFile {
 public:
  // Empty: nothing is written. `others`: names of the columns that are carried through. Throws Error{bad_input} for
  // another ending, Error{not_allowed} if it cannot be written, Error{not_found} for Parquet without heretix-export.
  BatchFile(const std::string& path, std::vector<std::string> others);
  BatchFile(const BatchFile&) = delete;
  BatchFile& operator=(const BatchFile&) = delete;

  bool is_wanted() const { return !path_.empty(); }
  std::string part_path() const;
  std::string text_of(const BatchRow& row) const;  // empty if none is wanted
  void add(const std::string& text);               // throws Error{unavailable} if the row cannot be written whole
  void complete();                                 // likewise

 private:
  enum class Form { csv, json_lines, parquet };
  static Form form_of(const std::string& path);

  std::string path_;
  Form form_;
  std::vector<std::string> others_;
  Descriptor file_;
};

}  // namespace heretix
