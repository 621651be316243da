#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "report/mock_mark.hpp"
#include "studies/history/history.hpp"

namespace heretix {
namespace {

using nlohmann::json;

// "openai/gpt-5, token, heretix_words_v1"
std::string name_of(const HistorySource& source) {
  return fmt::format("{}, {}, {}", shown_model(source.model, source.is_mock), source.readout, source.bank);
}

std::string label_of(const HistoryPoint& point) {
  std::string label = point.day;
  if (point.run.belief.is_stable == false) label += " unstable";
  if (!point.answered_before.empty()) label += " version";
  if (point.runs > 1) label += fmt::format(" (last of {})", point.runs);
  return label;
}

Forest forest_of(const HistoryLine& line) {
  Forest forest{.axis = "probability, with its 95 % interval", .from = 0, .to = 1, .reference = 0.5};
  for (const HistoryPoint& point : line.points) {
    Forest::Row row{.label = label_of(point), .center = point.run.belief.p.value()};
    if (const auto& interval = point.run.belief.interval) {
      row.low = interval->low.value();
      row.high = interval->high.value();
    }
    forest.rows.push_back(std::move(row));
  }
  return forest;
}

json point_json(const HistoryPoint& point) {
  json out = to_json(point.run.belief);
  out["day"] = point.day;
  out["created_at"] = point.run.created_at;
  out["name"] = point.run.name;
  out["runs"] = point.runs;
  out["answered_by"] = point.run.answered_by;
  out["is_new_version"] = !point.answered_before.empty();
  return out;
}

}  // namespace

Document to_document(const BeliefHistory& history) {
  Document document{.title = fmt::format("Belief over time: {}", shortened(on_one_line(history.claim), 120)),
                    .blocks = {}};
  document.blocks.push_back(Picture{history_svg(history)});

  for (const HistoryLine& line : history.lines) {
    document.blocks.push_back(Heading{name_of(line.source)});
    document.blocks.push_back(forest_of(line));
    for (const std::string& mark : marks_in_words(line)) document.blocks.push_back(Paragraph{mark});
  }
  if (history.lines.size() > 1)
    document.blocks.push_back(Paragraph{
        "Each model, readout and bank has a line of its own: their numbers are no development of one another.", true});
  return document;
}

json to_json(const BeliefHistory& history) {
  json lines = json::array();
  for (const HistoryLine& line : history.lines) {
    json points = json::array(), alarms = json::array();
    for (const HistoryPoint& point : line.points) points.push_back(point_json(point));
    for (const HistoryAlarm& alarm : line.alarms)
      alarms.push_back({{"watch", alarm.watch}, {"day", utc_day(alarm.at)}, {"at", alarm.at}});
    lines.push_back({{"model", line.source.model.text()},
                     {"readout", line.source.readout},
                     {"bank", line.source.bank},
                     {"mock", line.source.is_mock},
                     {"points", points},
                     {"alarms", alarms}});
  }
  return {{"format", "heretix_history"}, {"version", 1}, {"claim", history.claim}, {"lines", lines}};
}

}  // namespace heretix
