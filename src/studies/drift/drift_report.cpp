// Shows the state of a watch as a document, as JSON and as a mail.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "report/mock_mark.hpp"
#include "report/shown_difference.hpp"
#include "studies/drift/drift.hpp"

namespace heretix {
namespace {

using nlohmann::json;

std::string headline(const DriftState& state) {
  if (!state.is_watching) return "The baseline is not complete yet.";
  if (state.values.empty()) return "The baseline is complete; no check of all sentinels was made yet.";
  const std::string after = fmt::format("after {} check{}", state.values.size(), state.values.size() == 1 ? "" : "s");
  switch (state.alarm) {
    case Alarm::none: return fmt::format("No alarm {}.", after);
    case Alarm::drift: return fmt::format("ALARM: the beliefs have drifted, {}.", after);
    case Alarm::model_changed: return fmt::format("ALARM: the provider names another model, {}.", after);
    case Alarm::both:
      return fmt::format("ALARM: the beliefs have drifted and the provider names another model, {}.", after);
  }
  return {};
}

std::string evidence(const DriftState& state) {
  if (state.values.empty()) return "";
  return fmt::format(
      "R = {:.3g}; the alarm goes off at {:g}, which an unchanged model reaches no more than once in {:g} checks on "
      "average.",
      state.values.back(), 1 / state.alpha, 1 / state.alpha);
}

std::string model_of(const DriftState& state) { return state.model ? state.model->text() : "no model yet"; }

std::string shown_model_of(const DriftState& state) {
  return state.model ? shown_model(*state.model, state.is_mock) : model_of(state);
}

std::string models(const DriftState& state) {
  return fmt::format("answered by {} at the baseline, {} now", fmt::join(state.answered_by_before, ", "),
                     fmt::join(state.answered_by_now, ", "));
}

constexpr std::size_t kMostPoints = 60;  // of one sentinel in one chart

std::string p_text(const std::optional<double>& p) { return p ? fmt::format("{:.3f}", *p) : ""; }

DocumentTable table_of(const DriftState& state) {
  DocumentTable table{
      {"sentinel", "baseline runs", "checks", "p at baseline", "p now", "now minus baseline (95 %)", "R", ""}, {}};
  for (const SentinelState& s : state.sentinels)
    table.rows.push_back({s.claim, std::to_string(s.baseline), std::to_string(s.checks), p_text(s.baseline_p),
                          p_text(s.last_p), s.change ? difference_text(*s.last_p, *s.baseline_p, *s.change) : "",
                          s.values.empty() ? "" : fmt::format("{:.3g}", s.values.back()), s.is_named ? "drifted" : ""});
  return table;
}

Timeline::Point point_of(const BeliefThen& then, std::size_t number) {
  Timeline::Point point{
      .label = fmt::format("{} {}, {}", then.is_baseline ? "baseline" : "check", number, utc_day(then.created_at)),
      .value = then.belief.p.value(),
      .is_reference = then.is_baseline};
  if (const auto& interval = then.belief.interval) {
    point.low = interval->low.value();
    point.high = interval->high.value();
  }
  return point;
}

// The belief of one sentinel over time: its baseline and the newest checks.
void show_beliefs(const SentinelState& s, std::vector<Block>& blocks) {
  if (s.beliefs.empty()) return;
  Timeline timeline{.axis = "p with its 95 % interval",
                    .reference_label = fmt::format("baseline, {} run{}", s.baseline, s.baseline == 1 ? "" : "s"),
                    .reference = *s.baseline_p,
                    .points = {}};

  const std::size_t left_out = s.checks > kMostPoints ? s.checks - kMostPoints : 0;
  std::size_t baseline = 0, check = 0;
  for (const BeliefThen& then : s.beliefs) {
    const std::size_t number = then.is_baseline ? ++baseline : ++check;
    if (then.is_baseline || number > left_out) timeline.points.push_back(point_of(then, number));
  }

  blocks.push_back(Heading{s.claim});
  if (left_out > 0)
    blocks.push_back(
        Paragraph{fmt::format("The newest {} of {} checks; --json has all of them.", kMostPoints, s.checks), true});
  blocks.push_back(std::move(timeline));
}

json to_json(const BeliefThen& then) {
  json out = to_json(then.belief);
  out["execution"] = then.execution_id;
  out["created_at"] = then.created_at;
  out["is_baseline"] = then.is_baseline;
  return out;
}

json or_null(const std::optional<double>& x) { return x ? json(*x) : json(nullptr); }

json to_json(const CenteredInterval& i) {
  return {{"centre", i.center}, {"ci", i.low ? json({*i.low, *i.high}) : json(nullptr)}};
}

}  // namespace

Document to_document(const DriftState& state, const std::string& begin) {
  Document document{.title = fmt::format("Drift watch {} of {}", state.watch, shown_model_of(state)), .blocks = {}};
  const bool is_empty = std::ranges::all_of(state.sentinels, [](const SentinelState& s) { return s.beliefs.empty(); });
  if (is_empty) {
    document.blocks.push_back(Paragraph{fmt::format("Nothing was measured yet. Begin with: {}", begin)});
    DocumentTable table{{"sentinel"}, {}};
    for (const SentinelState& s : state.sentinels) table.rows.push_back({s.claim});
    document.blocks.push_back(std::move(table));
    return document;
  }

  document.blocks.push_back(Paragraph{headline(state)});
  if (!state.values.empty()) document.blocks.push_back(Paragraph{evidence(state)});
  if (!state.answered_by_before.empty()) document.blocks.push_back(Paragraph{models(state), true});
  document.blocks.push_back(table_of(state));
  for (const SentinelState& s : state.sentinels) show_beliefs(s, document.blocks);

  if (!state.values.empty()) {
    document.blocks.push_back(Heading{"Evidence of drift"});
    document.blocks.push_back(Series{"R after each check", 1 / state.alpha, state.values});
  }
  return document;
}

json to_json(const DriftState& state) {
  json sentinels = json::array();
  for (const SentinelState& s : state.sentinels) {
    json beliefs = json::array();
    for (const BeliefThen& then : s.beliefs) beliefs.push_back(to_json(then));
    sentinels.push_back({{"claim", s.claim},
                         {"baseline_runs", s.baseline},
                         {"checks", s.checks},
                         {"baseline_p", or_null(s.baseline_p)},
                         {"last_p", or_null(s.last_p)},
                         {"difference_95", s.change ? to_json(*s.change) : json(nullptr)},
                         {"beliefs", beliefs},
                         {"x", s.x},
                         {"R", s.values},
                         {"named", s.is_named}});
  }

  json out = {{"format", "heretix_drift"},
              {"version", 1},
              {"watch", state.watch},
              {"model", model_of(state)},
              {"alpha", state.alpha},
              {"watching", state.is_watching},
              {"R", state.values},
              {"alarm", to_word(state.alarm)},
              {"new", state.is_new},
              {"answered_by_before", state.answered_by_before},
              {"answered_by_now", state.answered_by_now},
              {"sentinels", sentinels}};
  if (state.is_mock) out["mock"] = true;
  return out;
}

std::string alarm_text(const DriftState& state) {
  std::string text = fmt::format("{}\n{}\n{}\n\n", headline(state), evidence(state), models(state));
  for (const SentinelState& s : state.sentinels)
    text += fmt::format("{} p {} -> {}  R {:.3g}  {}\n", s.is_named ? "drifted  " : "         ", p_text(s.baseline_p),
                        p_text(s.last_p), s.values.empty() ? 0.0 : s.values.back(), on_one_line(s.claim));
  return text + fmt::format("\nheretix drift show, watch {}, model {}\n", state.watch, shown_model_of(state));
}

}  // namespace heretix
