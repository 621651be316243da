// Reads a table of results that `heretix batch -o` wrote, as CSV or JSON lines, into the rows of an atlas.
#pragma once

#include <string>
#include <vector>

#include "studies/atlas/atlas.hpp"

namespace heretix {

// Which columns say what, beside those that a batch itself writes.
struct ResultColumns {
  std::string truth{};              // empty: the column `truth` if there is one
  std::vector<std::string> tags{};  // empty: those of kTagColumns that are there
};

// Columns whose values are tags of a claim unless others are named. Of `tags` and `tag` the values stand for
// themselves; of any other column its name stands before them: "topic: economics".
inline constexpr const char* kTagColumns[] = {"tags", "tag", "topic", "field", "level"};

// `path`: .csv in any case, else JSON lines. Row by row, so that a table of any length needs no more memory than its
// rows. Throws Error{not_found}, and Error{bad_input} naming the line: a claim or model that is missing, a number that
// is none or out of range, half an interval, a truth that is neither true nor false, a row of another width, a named
// column that is missing, what is not UTF-8.
std::vector<AtlasRow> read_result_table(const std::string& path, const ResultColumns& columns);

}  // namespace heretix
