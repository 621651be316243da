#include "archive/export/parquet/export.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "archive/export/merge.hpp"
#include "archive/export/parquet/batches.hpp"
#include "archive/export/parquet/month_writer.hpp"
#include "archive/export/parquet/row_digest.hpp"
#include "archive/export/users.hpp"
#include "base/background.hpp"
#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/version.hpp"

namespace heretix {
namespace {

constexpr std::size_t kWaitingBatches = 16;  // that may wait while a row group is compressed

using Months = std::map<Partition, std::vector<DatasetFile>>;

Months months_of(const Manifest* manifest, const Table& table) {
  Months months;
  if (manifest == nullptr) return months;
  for (const DatasetFile& file : manifest->table(table.name).files) {
    if (file.rows > 0) months[{file.env, Month::parse(file.month, "a month of the manifest")}].push_back(file);
  }
  return months;
}

// Fills in what only the exporter knows of a row.
class Finisher {
 public:
  Finisher(const Table& table, const ExportOptions& options)
      : users_(options.user_key), source_(table.place("source")), also_in_(table.place("also_in")) {
    if (table.has("user_hash")) user_ = table.place("user_hash");
    for (std::size_t place = 0; place < table.columns.size(); ++place) {
      if (table.columns[place].type != ColumnType::unsigned_integer) continue;
      twins_.emplace_back(place, table.place(std::string(table.columns[place].name) + kSignedTwin));
    }
    if (options.has_claims) return;
    for (const char* name : {"claim", "config_json", "sampler_json", "record_json"}) {
      if (table.has(name)) dropped_.push_back(table.place(name));
    }
  }

  void finish(const MergedRow& row) {
    Cells& cells = *row.cells;
    cells[source_] = Cell::of(std::string_view(row.source->kind));
    cells[also_in_] = row.also_in_sqlite ? Cell::of(std::string_view("sqlite")) : Cell{};
    if (user_ && !cells[*user_].is_null())
      cells[*user_] = users_.has_key() ? Cell::of(users_.hash(cells[*user_].text)) : Cell{};
    for (const auto& [unsigned_place, signed_place] : twins_) cells[signed_place] = cells[unsigned_place];  // same bits
    for (const std::size_t place : dropped_) cells[place] = Cell{};
  }

 private:
  UserHasher users_;
  std::size_t source_, also_in_;
  std::optional<std::size_t> user_;
  std::vector<std::pair<std::size_t, std::size_t>> twins_;
  std::vector<std::size_t> dropped_;
};

// A month and its bounds. Rows come in order of time, so the month is mostly that of the row before.
class MonthSpan {
 public:
  MonthSpan() = default;
  explicit MonthSpan(std::int64_t time)
      : month_(time == kNoTime ? Month::unknown() : Month::of_micros(time)),
        from_(month_.first_micro()),
        before_(time == kNoTime ? kNoTime + 1 : month_.next().first_micro()) {}
  bool holds(std::int64_t time) const { return time >= from_ && time < before_; }
  Month month() const { return month_; }

 private:
  Month month_ = Month::unknown();
  std::int64_t from_ = 0, before_ = 0;
};

// Finds what is wrong with a published file as far as that can be seen without reading it: it is missing, has another
// size or, in a folder, does not end as Parquet does (a file system that lost its last writes fills in zeros). Changed
// bytes inside a file of the right size are not seen here; the sha256 in the manifest shows them.
class DamageFinder {
 public:
  DamageFinder(Target& target, const Table& table) : target_(target) {
    for (const ListedFile& file : target.list(table.name)) bytes_[file.path] = file.bytes;
  }

  // Returns the beginning of a sentence, or empty if no damage is seen.
  std::optional<std::string> damage_of(const DatasetFile& file) const {
    const auto listed = bytes_.find(file.path);
    if (listed == bytes_.end()) return fmt::format("{} is missing", file.path);
    if (listed->second != file.bytes)
      return fmt::format("{} has {} bytes but was published with {}", file.path, listed->second, file.bytes);
    const auto end = target_.cheap_end(file.path, static_cast<std::int64_t>(kParquetEnd.size()));
    if (end && *end != kParquetEnd) return fmt::format("{} does not end as a Parquet file does", file.path);
    return std::nullopt;
  }

 private:
  static constexpr std::string_view kParquetEnd = "PAR1";
  Target& target_;
  std::map<std::string, std::int64_t> bytes_;
};

class TableExport {
 public:
  TableExport(const Table& table, std::span<const std::unique_ptr<Source>> sources, Target& target,
              const ExportOptions& options, const std::function<void(const ExportProgress&)>& tell)
      : table_(table), sources_(sources), target_(target), options_(options), tell_(tell) {}

  // The files of the next generation.
  DatasetTable run(const Manifest* previous, ExportReport& report) {
    before_ = months_of(previous, table_);
    if (!before_.empty()) find_damaged();
    const bool compares = !before_.empty() && !options_.full;
    if (compares || options_.dry_run) compare();
    Months after = kept();
    if (options_.dry_run) tell_what_would_be(report);
    else if (!compares || !changed_.empty()) write(after, compares, report);
    return conclude(after, previous, report);
  }

 private:
  Period all() const { return {.from = options_.since.value_or(Month::unknown()), .before = {}}; }

  // Rows are read on this thread and `take` runs on another, because encoding costs as much as reading.
  void read(const Period& period, bool is_writing, const std::function<bool(const Partition&)>& wants,
            const std::function<void(const Partition&, const arrow::RecordBatch&)>& take) {
    Merge merge(table_, sources_, period);
    Finisher finisher(table_, options_);
    ExportProgress progress{.table = table_.name, .is_writing = is_writing, .rows = 0};
    using Filled = std::pair<Partition, std::shared_ptr<arrow::RecordBatch>>;
    Background<Filled> taking(kWaitingBatches, [&](Filled& filled) { take(filled.first, *filled.second); });
    Batches batches(table_, [&](const Partition& partition, std::shared_ptr<arrow::RecordBatch> batch) {
      taking.hand_over({partition, std::move(batch)});
      tell_(progress);
    });
    const SourceFacts* source = nullptr;
    MonthSpan month;
    bool is_wanted = false;
    while (const auto row = merge.next()) {
      ++progress.rows;
      const std::int64_t time = time_of(table_, *row->cells);
      if (row->source != source || !month.holds(time)) {
        source = row->source;
        month = MonthSpan(time);
        const Partition partition{source->env, month.month()};
        is_wanted = wants(partition);
        if (is_wanted) batches.select(partition);
      }
      if (!is_wanted) continue;
      finisher.finish(*row);
      batches.add(*row->cells);
    }
    batches.finish();
    taking.finish();
    tell_(progress);
  }

  // Each source can find its rows out of order once.
  void until_in_order(const std::function<void()>& pass) const {
    for (std::size_t left = sources_.size();; --left) {
      try {
        pass();
        return;
      } catch (const RowsOutOfOrder&) {
        if (left == 0)
          throw Error(ErrorKind::broken, fmt::format("the rows of {} are still out of order", table_.name));
      }
    }
  }

  // Finds the months of which a file was removed or cut off outside Heretix.
  void find_damaged() {
    const DamageFinder finder(target_, table_);
    for (const auto& [partition, files] : before_) {
      for (const DatasetFile& file : files) {
        if (const auto damage = finder.damage_of(file)) damages_[partition].push_back(*damage);
      }
    }
  }

  // Says nothing of a month whose rows are gone, because its files are no longer part of the dataset.
  std::vector<std::string> told_damages() const {
    std::vector<std::string> told;
    for (const auto& [partition, damages] : damages_) {
      if (gone_.contains(partition)) continue;
      const char* consequence = partition.month < all().from
                                    ? "--since leaves it as it is; export without --since to have it written again"
                                    : written_anew();
      for (const std::string& damage : damages) told.push_back(fmt::format("{}; {}", damage, consequence));
    }
    return told;
  }

  const char* written_anew() const { return options_.dry_run ? "it would be written again" : "it was written again"; }

  void compare() {
    std::map<Partition, RowDigest> digests;
    until_in_order([&] {
      digests.clear();
      read(
          all(), false, [](const Partition&) { return true; },
          [&](const Partition& partition, const arrow::RecordBatch& batch) {
            digests.try_emplace(partition, table_).first->second.add(batch);
          });
    });
    for (auto& [partition, digest] : digests) {
      rows_[partition] = digest.rows();
      const auto known = before_.find(partition);
      if (options_.full || known == before_.end() || known->second[0].digest != digest.finish() ||
          damages_.contains(partition))
        changed_.insert(partition);
    }
    for (const auto& [partition, files] : before_) {
      if (!digests.contains(partition) && partition.month >= all().from) gone_.insert(partition);
    }
  }

  // The months that stay as they are: those that were not compared, and those that were found equal.
  Months kept() const {
    Months months;
    for (const auto& [partition, files] : before_) {
      const bool was_looked_at = partition.month >= all().from;
      const bool is_rewritten = options_.full || changed_.contains(partition) || gone_.contains(partition);
      if (!was_looked_at || !is_rewritten) months[partition] = files;
    }
    return months;
  }

  void write(Months& after, bool only_changed, ExportReport& report) {
    Period period = all();
    if (only_changed) {
      const auto by_month = [](const Partition& a, const Partition& b) { return a.month < b.month; };
      period.from = std::ranges::min_element(changed_, by_month)->month;
      period.before = std::ranges::max_element(changed_, by_month)->month.next();
    }

    std::optional<MonthWriter> writer;
    until_in_order([&] {
      writer.emplace(table_, target_);
      read(
          period, true, [&](const Partition& partition) { return !only_changed || changed_.contains(partition); },
          [&](const Partition& partition, const arrow::RecordBatch& batch) { writer->add(partition, batch); });
    });

    for (auto& [partition, files] : writer->finish()) {
      const auto before = before_.find(partition);
      after[partition] = files;
      const bool is_restored = damages_.contains(partition);
      if (before != before_.end() && before->second == files && !is_restored) continue;  // --full found nothing new
      written_.push_back(folder_of(partition));
      report.rows_written += rows_of(files);
      for (const DatasetFile& file : files) report.bytes_written += file.bytes;
    }
  }

  void tell_what_would_be(ExportReport& report) {
    for (const Partition& partition : changed_) {
      written_.push_back(folder_of(partition));
      report.rows_written += rows_[partition];
    }
  }

  static std::int64_t rows_of(const std::vector<DatasetFile>& files) {
    return DatasetTable{.name = {}, .files = files}.rows();
  }

  DatasetTable conclude(const Months& after, const Manifest* previous, ExportReport& report) {
    DatasetTable result{.name = table_.name, .files = {}};
    for (const auto& [partition, files] : after) result.files.insert(result.files.end(), files.begin(), files.end());

    TableReport told{
        .name = table_.name, .rows = result.rows(), .written = {}, .removed = {}, .damaged = told_damages(), .kept = 0};
    if (result.files.empty()) {
      auto file = kept_without_rows(previous, told);
      if (!file && !options_.dry_run) file = MonthWriter(table_, target_).write_without_rows();
      if (file) result.files.push_back(std::move(*file));
    }

    told.written.insert(told.written.end(), written_.begin(), written_.end());
    for (const auto& [partition, files] : before_) {
      if (!after.contains(partition) && !changed_.contains(partition)) told.removed.push_back(folder_of(partition));
    }

    if (options_.dry_run) {
      for (const Partition& partition : changed_) told.rows += rows_[partition];
    }

    told.kept = static_cast<std::size_t>(std::ranges::count_if(
        before_, [&](const auto& entry) { return after.contains(entry.first) && !is_written(entry.first); }));
    report.tables.push_back(std::move(told));
    return result;
  }

  bool is_written(const Partition& partition) const {
    return std::ranges::find(written_, folder_of(partition)) != written_.end();
  }

  // Readers need a file to learn the columns from, even if there are no rows.
  std::optional<DatasetFile> kept_without_rows(const Manifest* previous, TableReport& told) const {
    if (previous == nullptr || options_.full) return std::nullopt;
    for (const DatasetFile& file : previous->table(table_.name).files) {
      if (file.rows != 0 || file.schema_version != kSchemaVersion) continue;
      const auto damage = DamageFinder(target_, table_).damage_of(file);
      if (!damage) return file;
      told.damaged.push_back(fmt::format("{}; {}", *damage, written_anew()));
      told.written.push_back(fmt::format("env={}/month={}", file.env, file.month));
    }
    return std::nullopt;
  }

  const Table& table_;
  std::span<const std::unique_ptr<Source>> sources_;
  Target& target_;
  const ExportOptions& options_;
  const std::function<void(const ExportProgress&)>& tell_;
  Months before_;
  std::map<Partition, std::int64_t> rows_;
  std::set<Partition> changed_, gone_;
  std::map<Partition, std::vector<std::string>> damages_;
  std::vector<std::string> written_;
};

// A generation made from fewer stores would silently lose the others' rows, and months that are not looked at would
// keep what the user now wants left out.
void require_comparable(const Manifest& previous, std::span<const std::unique_ptr<Source>> sources,
                        const ExportOptions& options, const std::string& user_key) {
  for (const SourceFacts& before : previous.sources) {
    const bool is_there = std::ranges::any_of(sources, [&](const auto& source) {
      return source->facts().name == before.name && source->facts().kind == before.kind;
    });
    if (!is_there && !options.full)
      throw Error(ErrorKind::bad_input,
                  fmt::format("the dataset was also made from {}, which this export does not read", before.name),
                  "read it too (--from, --db), or write the dataset without it with --full");
  }
  const bool same = previous.has_claims == options.has_claims && previous.user_key == user_key;
  if (options.since && !same)
    throw Error(ErrorKind::bad_input,
                "the dataset was made with other claims or another HERETIX_EXPORT_KEY, and --since would leave its "
                "earlier months like that",
                "export without --since");
}

std::string manifest_path(int generation, const std::string& text) {
  return fmt::format("{}/{:06}-{}.json", kManifestFolder, generation, sha256_hex(text).substr(0, 12));
}

bool has_same_files(const Manifest& a, const Manifest& b) {
  return std::ranges::equal(a.tables, b.tables, [](const DatasetTable& one, const DatasetTable& other) {
    return one.name == other.name && one.files == other.files;
  });
}

void publish(Target& target, const Manifest& manifest) {
  const std::string text = to_json_text(manifest);
  const std::string path = manifest_path(manifest.generation, text);
  target.replace({.path = path, .text = text});

  const Pointer pointer{.generation = manifest.generation, .manifest = path, .sha256 = sha256_hex(text)};
  target.replace({.path = kPointerPath, .text = to_json_text(pointer)});
}

std::optional<Pointer> newest_pointer(Target& target) {
  const auto text = target.read(kPointerPath);
  if (!text) return std::nullopt;
  return pointer_from(*text, fmt::format("{}/{}", target.shown(), kPointerPath));
}

Manifest read_manifest(Target& target, const std::string& path) {
  const auto text = target.read(path);
  const std::string source = fmt::format("{}/{}", target.shown(), path);
  if (!text) throw Error(ErrorKind::broken, source + " is missing", "restore it, or export to another target");
  return manifest_from(*text, source);
}

}  // namespace

std::optional<Manifest> newest_generation(Target& target) {
  const auto pointer = newest_pointer(target);
  if (!pointer) return std::nullopt;
  return read_manifest(target, pointer->manifest);
}

ExportReport export_dataset(std::span<const std::unique_ptr<Source>> sources, Target& target,
                            const ExportOptions& options, const Clock& clock,
                            const std::function<void(const ExportProgress&)>& tell) {
  const auto pointer = newest_pointer(target);
  const auto previous = pointer ? std::optional(read_manifest(target, pointer->manifest)) : std::nullopt;

  Manifest next{.generation = previous ? previous->generation + 1 : 1,
                .created_at = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(unix_seconds(clock.now()))),
                .program = fmt::format("heretix {}", kVersion),
                .has_claims = options.has_claims,
                .user_key = UserHasher(options.user_key).key_name(),
                .since = options.since ? options.since->text() : "",
                .previous = pointer ? pointer->manifest : "",
                .sources = {},
                .tables = {}};

  if (previous) require_comparable(*previous, sources, options, next.user_key);
  for (const auto& source : sources) next.sources.push_back(source->facts());

  ExportReport report{.generation = next.generation, .tables = {}};
  for (const Table& table : dataset_tables()) {
    TableExport one(table, sources, target, options, tell);
    next.tables.push_back(one.run(previous ? &*previous : nullptr, report));
  }

  const bool nothing_new = std::ranges::all_of(
      report.tables, [](const TableReport& table) { return table.written.empty() && table.removed.empty(); });
  report.is_unchanged = previous && nothing_new && (options.dry_run || has_same_files(*previous, next));
  if (report.is_unchanged) report.generation = previous->generation;
  else if (!options.dry_run) publish(target, next);
  return report;
}

PruneReport prune_dataset(Target& target, int keep) {
  PruneReport report;
  const auto pointer = newest_pointer(target);
  if (!pointer) return report;

  std::set<std::string> used{kPointerPath};
  std::string path = pointer->manifest;
  for (int i = 0; i < keep && !path.empty(); ++i) {
    const auto text = target.read(path);
    if (!text) break;  // an earlier prune removed it
    const Manifest manifest = manifest_from(*text, fmt::format("{}/{}", target.shown(), path));
    used.insert(path);
    for (const DatasetTable& table : manifest.tables) {
      for (const DatasetFile& file : table.files) used.insert(file.path);
    }
    path = manifest.previous;
  }

  // Manifests are removed first, so that a manifest that still exists has all its files.
  for (const ListedFile& manifest : target.list(kManifestFolder)) {
    if (used.contains(manifest.path)) continue;
    target.remove(manifest.path);
    ++report.generations;
  }

  for (const Table& table : dataset_tables()) {
    for (const ListedFile& file : target.list(table.name)) {
      if (used.contains(file.path)) continue;
      target.remove(file.path);
      ++report.files;
    }
  }

  target.clear_staging();
  return report;
}

}  // namespace heretix
