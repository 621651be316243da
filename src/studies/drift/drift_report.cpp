// Shows the state of a watch as a document, as JSON and as a mail.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "report/mock_mark.hpp"
#include "studies/drift/drift.hpp"

namespace heretix {
namespace {

using nlohmann::json;

std::string headline(const DriftState& state) {
  if (!state.is_watching) return "The baseline is not complete yet.";
  const std::string after = fmt::format("after {} checks", state.values.size());
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

}  // namespace

Document to_document(const DriftState& state) {
  Document document{.title = fmt::format("Drift watch {} of {}", state.watch, shown_model_of(state)),
                    .blocks = {Paragraph{headline(state)}}};
  if (!state.values.empty()) document.blocks.push_back(Paragraph{evidence(state)});
  if (!state.answered_by_before.empty()) document.blocks.push_back(Paragraph{models(state), true});
  DocumentTable table{{"sentinel", "baseline runs", "checks", "p at baseline", "p now", "shift (log-odds)", "R", ""},
                      {}};
  for (const SentinelState& s : state.sentinels)
    table.rows.push_back({s.claim, std::to_string(s.baseline), std::to_string(s.checks),
                          fmt::format("{:.3f}", s.baseline_p), s.x.empty() ? "" : fmt::format("{:.3f}", s.last_p),
                          s.x.empty() ? "" : fmt::format("{:+.3f}", s.x.back()),
                          s.values.empty() ? "" : fmt::format("{:.3g}", s.values.back()), s.is_named ? "drifted" : ""});
  document.blocks.push_back(std::move(table));
  if (!state.values.empty())
    document.blocks.push_back(Series{"evidence of drift, R, after each check", 1 / state.alpha, state.values});
  return document;
}

json to_json(const DriftState& state) {
  json sentinels = json::array();
  for (const SentinelState& s : state.sentinels)
    sentinels.push_back({{"claim", s.claim},
                         {"baseline_runs", s.baseline},
                         {"checks", s.checks},
                         {"baseline_p", s.baseline_p},
                         {"last_p", s.last_p},
                         {"x", s.x},
                         {"R", s.values},
                         {"named", s.is_named}});

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
    text += fmt::format("{} p {:.3f} -> {:.3f}  R {:.3g}  {}\n", s.is_named ? "drifted  " : "         ", s.baseline_p,
                        s.last_p, s.values.empty() ? 0.0 : s.values.back(), on_one_line(s.claim));
  return text + fmt::format("\nheretix drift show, watch {}, model {}\n", state.watch, shown_model_of(state));
}

}  // namespace heretix
