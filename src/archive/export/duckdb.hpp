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
  Duckdb(std::string program, const Manifest& manifest, const std::string& folder);

  // Writes a DuckDB file of views over this generation, which is either complete or absent. Its paths are absolute.
  // Throws Error{unavailable, broken}.
  void write_views(const std::string& path) const;

  // Writes the rows of one SELECT (or of the view of that name) into a file, which is either complete or absent. Throws
  // Error{bad_input} with DuckDB's words for a query that it refuses.
  void query(const std::string& sql, ResultFormat format, const std::string& out) const;

 private:
  // `database` is the path of a DuckDB file, or ":memory:".
  struct Script {
    std::string database;
    std::string sql;
  };
  void run(const Script& script) const;
  std::string program_;
  std::string views_;  // SQL that makes them
};

}  // namespace heretix
