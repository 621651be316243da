// The table of a set for other programs: a row for each claim and model, with the columns of a batch (docs/batch.md)
// and those of the set.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "service/sets/set_store.hpp"

namespace heretix::http {

// RFC 4180, with a header. A text that a spreadsheet would take for a formula is written as it is: the table is for
// programs, and what was measured must not change.
std::string set_as_csv(const std::vector<SetClaim>& claims, const std::vector<SetResult>& results);

// The same rows, each as a JSON object on a line.
std::string set_as_jsonl(const std::vector<SetClaim>& claims, const std::vector<SetResult>& results);

// A Parquet file of such lines, which is made by `program`, heretix-export, because that alone holds Arrow. It runs
// without this process's environment, whose secrets it does not need. Throws Error: not_found if there is no such
// program or no row, too_many while others are being made, unavailable if it fails or takes too long.
std::string as_parquet(const std::string& lines, const std::filesystem::path& program);

}  // namespace heretix::http
