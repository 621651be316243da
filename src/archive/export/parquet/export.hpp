// Publishes what the stores hold as one Parquet dataset (docs/analytics.md).
//
// Every table is read in order. Months whose rows have another digest than the newest generation says are written as
// new files; the others are kept. Nothing that readers use is touched: files are named by content, a manifest lists
// them, and the pointer to the manifest is swapped last.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "archive/export/manifest.hpp"
#include "archive/export/source.hpp"
#include "archive/export/target.hpp"
#include "base/clock.hpp"

namespace heretix {

struct ExportOptions {
  bool has_claims = true;
  std::string user_key{};        // key of the users' hash; empty: users are left out
  std::optional<Month> since{};  // earlier months stay as they are
  bool full = false;             // writes every month, whatever its digest
  bool dry_run = false;          // only says what would be written
};

struct ExportProgress {
  std::string table;
  bool is_writing = false;  // false while comparing
  std::int64_t rows = 0;    // of that table, in this pass
};

struct TableReport {
  std::string name;
  std::int64_t rows = 0;             // in the dataset after the export
  std::vector<std::string> written;  // "env=local/month=2026-11"
  std::vector<std::string> removed;  // months whose rows are gone
  std::vector<std::string> damaged;  // sentences, each about a file that is not as it was published
  std::size_t kept = 0;              // months that stay as they were
};

struct ExportReport {
  int generation = 0;  // the newest one; with dry_run, the one that would be
  bool is_unchanged = false;
  std::int64_t rows_written = 0;
  std::int64_t bytes_written = 0;
  std::vector<TableReport> tables;
};

// Throws Error{bad_input} if not all months are written and the newest generation was made from more stores than these,
// or with other claims or users; also throws what sources and target throw. The newest generation then stays as it was.
// `tell` is called for every batch and may throw to stop.
ExportReport export_dataset(std::span<const std::unique_ptr<Source>> sources, Target& target,
                            const ExportOptions& options, const Clock& clock,
                            const std::function<void(const ExportProgress&)>& tell);

struct PruneReport {
  std::size_t files = 0;
  std::int64_t generations = 0;
};

// Removes what the newest `keep` generations (at least 1) do not use, including half-written files.
PruneReport prune_dataset(Target& target, int keep);

// The newest generation, or empty if nothing was published. Throws Error{broken} if the manifest is damaged or missing.
std::optional<Manifest> newest_generation(Target& target);

}  // namespace heretix
