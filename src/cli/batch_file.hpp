// Reads a file of claims, as JSON lines or CSV: one claim a line or row, with other configuration fields beside it.
#pragma once

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "base/csv.hpp"
#include "cli/given_field.hpp"
#include "cli/settings.hpp"

namespace heretix {

struct BatchEntry {
  std::string place;                 // "claims.csv:3"
  Settings settings;                 // with a claim
  std::vector<GivenField> others{};  // columns that are no settings, in their order
};

// A file of any length, entry by entry. It can be gone through several times.
class BatchReader {
 public:
  // `path`: .csv in any case, else JSON lines; - for JSON lines on standard input, which are copied into a temporary
  // file first. Throws Error{not_found, bad_input}, the latter for what is not UTF-8 and for a header that will not do.
  explicit BatchReader(const std::string& path);

  // From the first entry on.
  void rewind();
  // Throws Error{bad_input} naming the line.
  std::optional<BatchEntry> next();

 private:
  std::optional<BatchEntry> next_line();
  std::optional<BatchEntry> next_row();

  std::string name_;  // for messages
  bool is_csv_;
  std::ifstream file_;
  std::size_t mark_ = 0;  // bytes of the byte order mark
  std::size_t line_ = 0;
  std::optional<CsvReader> rows_;
};

// All entries, for commands that need them together. Throws what BatchReader throws, and Error{bad_input} for a field
// that is no setting.
std::vector<BatchEntry> read_batch_file(const std::string& path);

}  // namespace heretix
