// What a batch prints and writes: one row for each claim and model, in the order of the file.
#pragma once

#include <string>

#include "base/file.hpp"
#include "belief/record/record.hpp"

namespace heretix {

// One row before it has a form. Without a record the check failed, and `error` says why.
struct BatchRow {
  std::string place;  // "claims.csv:3"
  std::string claim;
  ModelName model;
  const Record* record = nullptr;
  std::string error{};
};

// The rows as people read them, with a header; on a narrow terminal each takes three lines.
class BatchTable {
 public:
  explicit BatchTable(std::size_t columns);  // of the terminal
  std::string row(const BatchRow& row);      // with the header before the first

 private:
  std::size_t columns_;
  bool has_header_ = false;
};

// The rows as a table for programs: CSV with a header, or JSON lines, by the ending of the file's name. They are
// written as they come, to a file beside it with the ending ".part", which takes its name once the batch is complete.
// So an earlier table stays until a whole one takes its place. The columns are those of docs/batch.md.
class BatchFile {
 public:
  // Empty: nothing is written. Throws Error{bad_input} for another ending, Error{not_allowed} if it cannot be written.
  explicit BatchFile(const std::string& path);
  BatchFile(const BatchFile&) = delete;
  BatchFile& operator=(const BatchFile&) = delete;

  bool is_wanted() const { return !path_.empty(); }
  std::string part_path() const;
  void add(const BatchRow& row);  // throws Error{unavailable} if the row cannot be written whole
  void complete();                // likewise

 private:
  void write(const std::string& text);

  std::string path_;
  bool is_csv_;
  Descriptor file_;
};

}  // namespace heretix
