// SQL over the dataset, by DuckDB's own program: it alone writes its files, and it reads Parquet well.
#pragma once

#include <string>

#include "archive/export/manifest.hpp"

namespace heretix {

enum class ResultFormat { csv, jsonl };

// DuckDB's program and the folder below which the manifest's files lie.
class Duckdb {
 public:
  Duckdb(std::string program, const std::string& folder, const Manifest& manifest);

  // A DuckDB file of views over this generation, whole or not there. Its paths are absolute.
  // Throws Error{unavailable, broken}.
  void write_views(const std::string& path) const;

  // The rows of one SELECT (or of the view of that name) into a file, whole or not there.
  // Throws Error{bad_input} with DuckDB's words for a query that it refuses.
  void query(const std::string& sql, ResultFormat format, const std::string& out) const;

 private:
  void run(const std::string& database, const std::string& script) const;
  std::string program_;
  std::string views_;  // SQL that makes them
};

}  // namespace heretix
