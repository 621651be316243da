// heretix-export: what `heretix export` runs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "archive/export/duckdb.hpp"
#include "archive/export/parquet/export.hpp"
#include "archive/export/parquet/results_table.hpp"
#include "archive/export/postgres_source.hpp"
#include "archive/export/sqlite_source.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "base/text_file.hpp"
#include "base/url.hpp"
#include "cli/advice.hpp"
#include "cli/databases.hpp"
#include "cli/exit_code.hpp"
#include "cli/export_options.hpp"
#include "cli/guarded_main.hpp"
#include "cli/resources.hpp"
#include "cli/terminal.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using Sources = std::vector<std::unique_ptr<Source>>;

constexpr std::size_t kShortestKey = 16;
constexpr const char* kDefaultTarget = "lake";
constexpr std::size_t kMostChanges = 16;  // as many as a person reads
constexpr const char* kViewsFile = "heretix.duckdb";

std::atomic<bool> g_stopped{false};

// The first signal ends the export at the next batch, with a message. A second one ends it at once, which loses nothing
// either.
void hear_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { g_stopped = true; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

std::string target_address(const ExportCommandOptions& options, const Environment& environment) {
  return options.target.empty() ? environment.lake.value_or(kDefaultTarget) : options.target;
}

std::unique_ptr<Target> open_target(const std::string& address) {
  if (address.starts_with("s3://")) return open_s3(address);
  if (address.find("://") != std::string::npos)
    throw Error(ErrorKind::bad_input, fmt::format("cannot export to {}", shown_url(address)),
                "name a folder, or an s3:// address");
  return open_folder(address);
}

std::vector<std::string> store_paths(const ExportCommandOptions& options, const Environment& environment) {
  if (!options.stores.empty()) return options.stores;
  return {environment.settings.db.value_or(kUsualStore)};
}

// The sources that --from names, or else all that exist.
std::vector<std::string> wanted_sources(const ExportCommandOptions& options, const Environment& environment) {
  if (!options.sources.empty()) return options.sources;
  std::vector<std::string> wanted;
  if (!options.stores.empty() || environment.settings.db || fs::exists(kUsualStore)) wanted.emplace_back("store");
  if (environment.database_url) wanted.emplace_back("local");
  if (environment.database_url_prod) wanted.emplace_back("prod");
  if (!wanted.empty()) return wanted;
  const std::string missing = fmt::format("there is nothing to export: no {}, no DATABASE_URL", kUsualStore);
  if (fs::exists(kMockStore))
    throw Error(ErrorKind::not_found, missing, fmt::format("export the mock runs: heretix export --db {}", kMockStore));
  throw Error(ErrorKind::not_found, missing, "measure something first (heretix run), or name a store with --db");
}

Sources open_sources(const ExportCommandOptions& options, const Environment& environment, const Note& note) {
  Sources sources;
  for (const std::string& name : wanted_sources(options, environment)) {
    if (name == "store") {
      for (const std::string& path : store_paths(options, environment))
        sources.push_back(open_sqlite_source(open_harness_file(path, {.access = Access::read_only}), note));
    } else if (name == "local" || name == "prod") {
      sources.push_back(open_postgres_source(open_postgres(named_database(name)), name, name));
    } else {
      throw Error(ErrorKind::bad_input, fmt::format("--from is '{}'; it must be store, local or prod", name),
                  "heretix export --help shows them");
    }
  }
  return sources;
}

ExportOptions export_options(const ExportCommandOptions& options, const Environment& environment) {
  ExportOptions wanted{.has_claims = !options.no_claims,
                       .user_key = environment.export_key.value_or(""),
                       .full = options.full,
                       .dry_run = options.dry_run};
  if (!options.since.empty()) wanted.since = Month::parse(options.since, "--since");
  if (!wanted.user_key.empty() && wanted.user_key.size() < kShortestKey)
    throw Error(
        ErrorKind::bad_input,
        fmt::format(
            "HERETIX_EXPORT_KEY has {} characters; at least {} are needed: ids can be guessed, the key must not be",
            wanted.user_key.size(), kShortestKey),
        "make one with: openssl rand -hex 32");
  return wanted;
}

// The progress line on a terminal. It is also the place where a signal of the user stops the export.
class Progress {
 public:
  explicit Progress(bool is_quiet) : shows_(!is_quiet && is_terminal(2)) {}
  ~Progress() {
    if (shows_) print_aside("\r\033[K");
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void tell(const ExportProgress& at) const {
    if (g_stopped)
      throw Error(ErrorKind::stopped, "stopped; what was published before is intact", "run the same command again");
    if (!shows_) return;
    print_aside(fmt::format("\r\033[K{} {}: {} rows", at.is_writing ? "writing" : "comparing", at.table, at.rows));
  }

 private:
  bool shows_;
};

// Keeps each note once, although months are read twice, and no more notes than a person reads. Stores call it from
// threads of their own.
class Notes {
 public:
  void add(const std::string& note) {
    const std::lock_guard lock(mutex_);
    if (seen_.size() < kMost) seen_.insert(note);
    else has_more_ = has_more_ || !seen_.contains(note);
  }
  std::vector<std::string> told() const {
    std::vector<std::string> all(seen_.begin(), seen_.end());
    if (has_more_) all.emplace_back("there are more notes like these");
    return all;
  }

 private:
  static constexpr std::size_t kMost = 20;
  std::mutex mutex_;
  std::set<std::string> seen_;
  bool has_more_ = false;
};

json to_json(const ExportReport& report, const std::string& target, bool dry_run,
             const std::vector<std::string>& notes) {
  json tables = json::object();
  for (const TableReport& table : report.tables)
    tables[table.name] = {{"rows", table.rows},
                          {"written", table.written},
                          {"removed", table.removed},
                          {"damaged", table.damaged},
                          {"kept", table.kept}};
  return {{"target", target},
          {"generation", report.generation},
          {"dry_run", dry_run},
          {"unchanged", report.is_unchanged},
          {"rows_written", report.rows_written},
          {"bytes_written", report.bytes_written},
          {"tables", tables},
          {"notes", notes}};
}

std::string to_text(const ExportReport& report, const std::string& target, const ExportOptions& options) {
  const bool dry_run = options.dry_run;

  if (report.is_unchanged && options.full && !dry_run)
    return fmt::format("{}: generation {} is up to date; the same files were written again\n", target,
                       report.generation);
  if (report.is_unchanged)
    return fmt::format("{}: unchanged, generation {} is up to date; nothing {}written\n", target, report.generation,
                       dry_run ? "would be " : "was ");

  std::string text = fmt::format("{}: generation {}{}\n", target, report.generation,
                                 dry_run ? " would be written (dry run: nothing was)" : "");
  text += fmt::format("  {:<12} {:>10} {:>8} {:>8} {:>8}\n", "table", "rows", "written", "kept", "removed");
  for (const TableReport& table : report.tables)
    text += fmt::format("  {:<12} {:>10} {:>8} {:>8} {:>8}\n", table.name, table.rows, table.written.size(), table.kept,
                        table.removed.size());

  std::vector<std::string> changes;
  for (const TableReport& table : report.tables) {
    for (const std::string& month : table.written)
      changes.push_back(fmt::format("  {} {}/{}\n", dry_run ? "would write" : "wrote", table.name, month));
    for (const std::string& month : table.removed)
      changes.push_back(fmt::format("  {} {}/{}\n", dry_run ? "would drop" : "dropped", table.name, month));
  }

  if (changes.size() > kMostChanges) return text + fmt::format("  {} months; --json lists them\n", changes.size());
  for (const std::string& change : changes) text += change;
  return text;
}

Manifest require_dataset(Target& target) {
  auto manifest = newest_generation(target);
  if (manifest) return std::move(*manifest);
  throw Error(ErrorKind::not_found, fmt::format("there is no dataset at {}", target.shown()),
              fmt::format("heretix export {} makes it", shell_word(target.shown())));
}

// DuckDB reads local files, so the files of a bucket are fetched for the query.
void fetch(Target& target, const Manifest& manifest, const fs::path& folder) {
  for (const DatasetTable& table : manifest.tables) {
    for (const DatasetFile& file : table.files) {
      fs::create_directories((folder / file.path).parent_path());
      std::ofstream out(folder / file.path, std::ios::binary);
      out << target.read(file.path).value();
      if (!out.flush())
        throw Error(ErrorKind::unavailable, "no room in " + folder.string(), "set TMPDIR to a folder with room");
    }
  }
}

void print_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string piece(1 << 20, '\0');
  while (file.read(piece.data(), static_cast<std::streamsize>(piece.size())) || file.gcount() > 0)
    print_result(piece.substr(0, static_cast<std::size_t>(file.gcount())));
}

int print_query(const ExportCommandOptions& options, Target& target) {
  const Manifest manifest = require_dataset(target);
  const TemporaryFolder folder;
  if (!target.is_folder()) fetch(target, manifest, folder.path());
  const bool prints = options.out.empty() || options.out == "-";
  const std::string out = prints ? folder.path() + "/result" : options.out;
  Duckdb(duckdb_program(), manifest, target.is_folder() ? target.shown() : folder.path())
      .query(options.query, options.format == "csv" ? ResultFormat::csv : ResultFormat::jsonl, out);
  if (prints) print_file(out);
  return kDone;
}

void write_views(const ExportCommandOptions& options, Target& target) {
  if (!target.is_folder())
    throw Error(ErrorKind::bad_input, "views are written over a dataset in a folder",
                "ask a single question with --query, or copy the dataset to a folder");
  const std::string path = options.out.empty() ? (fs::path(target.shown()) / kViewsFile).string() : options.out;
  Duckdb(duckdb_program(), require_dataset(target), target.shown()).write_views(path);
  print_note(fmt::format("views: {} (duckdb {})", path, path));
}

void prune(const ExportCommandOptions& options, Target& target) {
  const PruneReport pruned = prune_dataset(target, options.keep);
  print_note(fmt::format("pruned: {} files, {} generations; the newest {} {} left", pruned.files, pruned.generations,
                         options.keep, options.keep == 1 ? "is" : "are"));
}

int publish(const ExportCommandOptions& options, const Environment& environment, Target& target) {
  const ExportOptions wanted = export_options(options, environment);

  Notes notes;
  const Sources sources = open_sources(options, environment, [&](const std::string& note) { notes.add(note); });

  // An export that was stopped half-way may have left files behind, which may be removed only under the lock.
  if (!wanted.dry_run) {
    target.lock();
    target.clear_staging();
  }

  ExportReport report;
  {
    // The progress line goes away with this block, before anything else is printed.
    const Progress progress(options.quiet || options.json);
    report =
        export_dataset(sources, target, wanted, SystemClock(), [&](const ExportProgress& at) { progress.tell(at); });
  }

  if (!wanted.dry_run) target.clear_staging();

  print_either(options.json, to_json(report, target.shown(), wanted.dry_run, notes.told()),
               to_text(report, target.shown(), wanted));
  if (!options.json) {
    for (const TableReport& table : report.tables) {
      for (const std::string& damage : table.damaged) print_note("note: " + damage);
    }
    for (const std::string& note : notes.told()) print_note("note: " + on_one_line(note));
  }

  if (options.prune && !wanted.dry_run) prune(options, target);
  if (options.views && !wanted.dry_run) write_views(options, target);
  return kDone;
}

int write_results(const ExportCommandOptions& options) {
  if (!has_ending(options.out, ".parquet"))
    throw Error(ErrorKind::bad_input,
                options.out.empty() ? "--results needs --out"
                                    : fmt::format("--out is '{}', which does not end in .parquet", options.out),
                "name the new file, e.g. --out results.parquet");
  const std::int64_t rows = write_results_table({.lines = options.results, .parquet = options.out});
  if (!options.quiet) print_note(fmt::format("{}: {} {}", options.out, rows, rows == 1 ? "row" : "rows"));
  return kDone;
}

int export_main(const ExportCommandOptions& options) {
  if (options.schema) {
    print_result(schema_docs());
    return kDone;
  }
  if (!options.results.empty()) return write_results(options);
  hear_signals();
  const Environment environment = read_environment();
  const auto target = open_target(target_address(options, environment));
  return options.query.empty() ? publish(options, environment, *target) : print_query(options, *target);
}

}  // namespace
}  // namespace heretix

int main(int count, char** arguments) {
  return heretix::guarded_main(count, arguments, [](heretix::CommandTable& table, std::string_view /*first_argument*/) {
    heretix::register_export(table, heretix::export_main);
  });
}
