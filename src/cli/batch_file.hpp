// Reads a file of claims, as JSON lines or CSV: one claim a line or row, with other configuration fields beside it.
#pragma once

#include <string>
#include <vector>

#include "cli/settings.hpp"

namespace heretix {

struct BatchEntry {
  std::string place;  // "claims.csv:3"
  Settings settings;  // with a claim
};

// Every entry is read before the first question is asked, so that a bad line costs nothing. `path`: .csv in any case,
// else JSON lines; - for JSON lines on standard input. Throws Error{not_found, bad_input} naming the line.
std::vector<BatchEntry> read_batch_file(const std::string& path);

}  // namespace heretix
