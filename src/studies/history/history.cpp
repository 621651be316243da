#include "studies/history/history.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "base/clock.hpp"

namespace heretix {
namespace {

// A server that tells no version on one day has not changed it.
bool is_another_version(const std::set<std::string>& before, const std::set<std::string>& now) {
  return !before.empty() && !now.empty() && before != now;
}

void add(HistoryLine& line, HistoryRun run) {
  const std::string day = utc_day(run.created_at);
  if (line.points.empty() || line.points.back().day != day) {
    line.points.push_back({.day = day, .run = std::move(run)});
    return;
  }
  HistoryPoint& point = line.points.back();
  ++point.runs;
  point.run = std::move(run);
}

void mark_versions(HistoryLine& line) {
  std::set<std::string> known;
  for (HistoryPoint& point : line.points) {
    const std::set<std::string>& now = point.run.answered_by;
    if (is_another_version(known, now)) point.answered_before = known;
    if (!now.empty()) known = now;
  }
}

}  // namespace

BeliefHistory history_of(const std::string& claim, std::vector<HistoryRun> runs,
                         const std::vector<HistoryAlarm>& alarms) {
  std::ranges::stable_sort(runs, {}, &HistoryRun::created_at);

  std::map<HistorySource, HistoryLine> lines;
  for (HistoryRun& run : runs) {
    HistoryLine& line = lines[run.source];
    line.source = run.source;
    add(line, std::move(run));
  }

  BeliefHistory history{.claim = claim, .lines = {}};
  for (auto& [source, line] : lines) {
    mark_versions(line);
    for (const HistoryAlarm& alarm : alarms) {
      if (alarm.model == source.model && alarm.is_mock == source.is_mock) line.alarms.push_back(alarm);
    }
    std::ranges::stable_sort(line.alarms, {}, &HistoryAlarm::at);
    history.lines.push_back(std::move(line));
  }
  return history;
}

std::vector<std::string> marks_in_words(const HistoryLine& line) {
  std::vector<std::pair<std::string, std::string>> marks;  // by day
  for (const HistoryPoint& point : line.points) {
    if (!point.answered_before.empty())
      marks.emplace_back(point.day,
                         fmt::format("answered by {}, before that by {}", fmt::join(point.run.answered_by, ", "),
                                     fmt::join(point.answered_before, ", ")));
  }
  for (const HistoryAlarm& alarm : line.alarms)
    marks.emplace_back(utc_day(alarm.at), fmt::format("drift alarm of the watch {}", alarm.watch));
  std::ranges::stable_sort(marks, {}, &std::pair<std::string, std::string>::first);

  std::vector<std::string> words;
  for (const auto& [day, mark] : marks) words.push_back(fmt::format("{}: {}", day, mark));
  return words;
}

}  // namespace heretix
