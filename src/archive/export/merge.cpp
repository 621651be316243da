#include "archive/export/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "archive/export/month.hpp"
#include "base/error.hpp"

namespace heretix {
namespace {

bool is_sqlite(const Source& source) { return source.facts().kind == "sqlite"; }

}  // namespace

std::int64_t time_of(const Table& table, const Cells& row) {
  const Cell& cell = row[table.time];
  if (cell.is_null()) return kNoTime;
  return table.columns[table.time].type == ColumnType::date ? cell.integer * kMicrosPerDay : cell.integer;
}

Merge::Merge(const Table& table, std::span<const std::unique_ptr<Source>> sources, const Period& period)
    : table_(table) {
  for (const auto& source : sources) {
    if (!source->has(table)) continue;
    heads_.push_back({.source = source.get(), .stream = source->open(table, period)});
    advance(heads_.back());
  }
}

void Merge::advance(Head& head) {
  head.is_used = false;
  const bool is_first = head.row == nullptr;
  head.row = head.stream->next();
  if (head.row == nullptr) return;
  const std::int64_t time = time_of(table_, *head.row);
  const std::string_view key = (*head.row)[table_.key].text;
  if (!is_first && std::pair(head.last_time, std::string_view(head.last_key)) >= std::pair(time, key))
    throw Error(ErrorKind::broken,
                fmt::format("{}: {} '{}' came after '{}': the store is out of order or repeats a key",
                            head.source->facts().name, table_.name, key, head.last_key),
                "check the store (heretix db check, or PRAGMA integrity_check)");
  head.last_time = time;
  head.last_key.assign(key);
}

// The heads that hold the next measurement, and which of them are given.
void Merge::gather() {
  for (Head& head : heads_) {
    if (head.is_used) advance(head);
  }
  const Head* first = nullptr;
  const auto order = [](const Head& head) { return std::pair(head.last_time, std::string_view(head.last_key)); };
  for (const Head& head : heads_) {
    if (head.row != nullptr && (first == nullptr || order(head) < order(*first))) first = &head;
  }
  if (first == nullptr) return;
  std::vector<std::size_t> postgres, sqlite;
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    if (heads_[i].row == nullptr || order(heads_[i]) != order(*first)) continue;
    heads_[i].is_used = true;
    (is_sqlite(*heads_[i].source) ? sqlite : postgres).push_back(i);
  }
  also_in_sqlite_ = !postgres.empty() && !sqlite.empty();
  if (postgres.empty()) sqlite.resize(1);
  chosen_ = postgres.empty() ? sqlite : postgres;
}

std::optional<MergedRow> Merge::next() {
  if (chosen_.empty()) gather();
  if (chosen_.empty()) return std::nullopt;
  const Head& head = heads_[chosen_.back()];
  chosen_.pop_back();
  return MergedRow{head.row, &head.source->facts(), also_in_sqlite_};
}

}  // namespace heretix
