// Runs SQL over the dataset with DuckDB's own program, because only that program writes its files, and it reads Parquet
// well.
#pragma once

#include <string>

#include "archive/export/manifest.hpp"

namespace heretix {

enum class ResultFormat { csv, jsonl };

// DuckDB's program, and the folder that the manifest's files lie in.
class Duckdb {
 public:
  Duckdb(std::string program, const std::string& folder, const Manifest& manifest);

  // Writes a DuckDB file of views over this generation, which is either complete or absent. Its paths are absolute.
  // Throws Error{unavailable, broken}.
  void write_views(const std::string& path) const;

  // Writes the rows of one SELECT (or of the view of that name) into a file, which is either complete or absent. Throws
  // Error{bad_input} with DuckDB's words for a query that it refuses.
  void query(const std::string& sql, ResultFormat format, const std::string& out) const;

 private:
  void run(const std::string& database, const std::string& script) const;
  std::string program_;
  std::string views_;  // SQL that makes them
};

}  // namespace heretix
