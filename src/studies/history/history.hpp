// What models have believed about one claim over time: a line for each model, with a point for each day.
//
// A line has one model, one readout and one prompt bank, because numbers of different ones are no development. Of
// several measurements of a day the last counts. Marked are the days on which a model answered under another name of
// its version than before, and those on which a drift watch of that model raised its alarm. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "belief/record/shown_belief.hpp"
#include "report/document.hpp"

namespace heretix {

// What makes measurements comparable over time.
struct HistorySource {
  ModelName model;
  std::string readout;  // "verbalized", "token", …
  std::string bank;     // its version
  bool is_mock = false;
  auto operator<=>(const HistorySource&) const = default;
};

struct HistoryRun {
  HistorySource source;
  long long created_at = 0;             // Unix seconds, UTC
  std::string name;                     // of the execution, or of the run where there is none
  std::set<std::string> answered_by{};  // the provider's names of the model; empty where it tells none
  ShownBelief belief;
};

// An alarm of a drift watch (docs/drift.md).
struct HistoryAlarm {
  ModelName model;
  bool is_mock = false;
  std::string watch;
  long long at = 0;  // Unix seconds, UTC
};

struct HistoryPoint {
  std::string day;  // "2026-11-30", UTC
  HistoryRun run;   // the last of that day
  std::size_t runs = 1;
  std::set<std::string> answered_before{};  // the versions of the point before, where they were others
};

struct HistoryLine {
  HistorySource source;
  std::vector<HistoryPoint> points;  // by day; not empty
  std::vector<HistoryAlarm> alarms;  // by time
};

struct BeliefHistory {
  std::string claim;
  std::vector<HistoryLine> lines;  // by source
};

// `runs` in any order. Alarms of models that have no run of the claim are left out.
BeliefHistory history_of(const std::string& claim, std::vector<HistoryRun> runs,
                         const std::vector<HistoryAlarm>& alarms);

// "2026-11-28: answered by m-2, before that by m-1". Of a line, in the order of time; of alarms too.
std::vector<std::string> marks_in_words(const HistoryLine& line);

// p over time, from 0 to 1, with intervals; a hollow mark where there is no stable belief. SVG with the colours of the
// page around it; html::standalone_svg makes a file of it.
std::string history_svg(const BeliefHistory& history);

Document to_document(const BeliefHistory& history);
nlohmann::json to_json(const BeliefHistory& history);  // format "heretix_history", version 1

}  // namespace heretix
