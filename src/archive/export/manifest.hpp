// What one generation of the dataset consists of, and the pointer to the newest one (docs/analytics.md).
//
//   current.json            names the newest manifest; swapped last, so that a reader sees one whole generation
//   manifests/NNNNNN-….json  the files of a generation, each with rows and sha256
//   TABLE/env=…/month=…/TABLE-….parquet   named by content, never changed
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/export/source.hpp"

namespace heretix {

inline constexpr int kManifestVersion = 1;
inline constexpr const char* kPointerPath = "current.json";
inline constexpr const char* kManifestFolder = "manifests";

// A table without rows has one file without rows, which carries the schema; its env and month are "none".
struct DatasetFile {
  std::string path;  // path below the dataset
  std::string env;
  std::string month;
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
  std::string sha256;
  std::string digest;  // digest of the month's rows
  int schema_version = 0;
  bool operator==(const DatasetFile&) const = default;
};

struct DatasetTable {
  std::string name;
  std::vector<DatasetFile> files;
  std::int64_t rows() const;
};

struct Manifest {
  int generation = 0;
  std::string created_at;  // "2026-11-23T12:00:00Z"
  std::string program;
  bool has_claims = true;
  std::string user_key;  // tells keys apart without revealing them; empty: users are null
  std::string since;     // the first month that was compared; empty: all months
  std::string previous;  // path of the previous manifest; empty: none
  std::vector<SourceFacts> sources;
  std::vector<DatasetTable> tables;

  const DatasetTable& table(std::string_view name) const;
};

std::string to_json_text(const Manifest& manifest);
// Throws Error{bad_input} for the manifest of a newer program and Error{broken} for a damaged one. Messages begin with
// `source`.
Manifest manifest_from(std::string_view json, const std::string& source);

struct Pointer {
  int generation = 0;
  std::string manifest;  // path
  std::string sha256;    // of its text
};
std::string to_json_text(const Pointer& pointer);
Pointer pointer_from(std::string_view json, const std::string& source);

}  // namespace heretix
