// The table that `heretix batch` writes, as one Parquet file.
//
// The columns keep the kinds that their values have in JSON: truth values, whole numbers (64 bits), doubles, texts, and
// lists of texts. A column whose values are of different kinds, or objects, is a column of texts that hold JSON. The
// columns of the results have fixed kinds, so that a column without any number is one of numbers all the same.
#pragma once

#include <cstdint>
#include <string>

namespace heretix {

// Reads the file `lines`, JSON lines with one object each, and writes `parquet`, which takes its name once it is whole:
// zstd, row groups of 131,072 rows. The lines are read twice and never held, so a table may be longer than what fits in
// memory. Returns the number of rows. Throws Error{not_found}, Error{bad_input} naming the line, Error{not_allowed} if
// the file cannot be created, Error{unavailable} if the disk refuses.
struct ResultsPaths {
  std::string lines, parquet;
};
std::int64_t write_results_table(const ResultsPaths& paths);

}  // namespace heretix
