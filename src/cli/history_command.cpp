#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "archive/listed_belief.hpp"
#include "archive/load_record.hpp"
#include "base/text.hpp"
#include "belief/plan/recipe.hpp"
#include "cli/advice.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/left_out.hpp"
#include "cli/session.hpp"
#include "cli/stored_results.hpp"
#include "cli/stored_watch.hpp"
#include "cli/terminal.hpp"
#include "report/html_parts.hpp"
#include "report/mock_mark.hpp"
#include "studies/history/history.hpp"

namespace heretix {
namespace {

struct HistoryOptions : CommonOptions {
  std::optional<std::string> claim;
  std::string model;  // a text within the name, in either case; empty: all
  std::string since;  // YYYY-MM-DD, UTC; empty: from the start
  std::string svg;    // a file for the picture
  double alpha = kDriftAlpha;
};

bool fits(Origin shown, bool is_mock) { return shown == Origin::any || (shown == Origin::mock) == is_mock; }

HistoryRun run_of(const Record& record) {
  const Recipe& recipe = record.plan.recipe;
  HistoryRun run{.source = {.model = recipe.model,
                            .readout = std::string(to_word(recipe.readout())),
                            .bank = record.bank.version,
                            .is_mock = is_mock(record)},
                 .created_at = record.execution.created_at,
                 .name = record.execution.execution_id.text(),
                 .belief = shown(record.belief)};
  for (const auto& [name, answers] : record.execution.answered_by) run.answered_by.insert(name);
  return run;
}

// What this program measured, execution by execution. `damaged` counts those whose answers are not there any more.
void add_executions(RunStore& store, const std::string& claim, Origin shown, std::vector<HistoryRun>& found,
                    std::size_t& damaged) {
  for (const ExecutionHead& head : store.done_executions()) {
    if (head.claim != claim || !fits(shown, head.is_mock)) continue;
    try {
      found.push_back(run_of(load_record(store, store.execution(head.execution_id).value())));
    } catch (const Error&) { ++damaged; }
  }
}

// What another program measured, which has a run alone.
void add_foreign_runs(RunStore& store, const std::string& claim, Origin shown, std::vector<HistoryRun>& found) {
  for (const Row& row : store.runs(store.count(shown), shown)) {
    if (row.text_or_empty("claim") != claim) continue;
    const auto run_id = row.id<RunId>("run_id");
    if (store.newest_execution(run_id)) continue;
    const auto belief = listed_belief(store, row);
    if (!belief) continue;
    found.push_back({.source = {.model = row.id<ModelName>("model"),
                                .readout = std::string(to_word(Readout::verbalized)),
                                .bank = row.text_or_empty("prompt_version"),
                                .is_mock = row.integer("is_mock") == 1},
                     .created_at = row.integer("created_at").value_or(0),
                     .name = run_id.text(),
                     .belief = *belief});
  }
}

std::vector<HistoryAlarm> alarms_of(RunStore& store, const HistoryOptions& options) {
  std::vector<HistoryAlarm> alarms = stored_alarms(store, options.alpha);
  std::erase_if(alarms,
                [&](const HistoryAlarm& alarm) { return !options.since.empty() && utc_day(alarm.at) < options.since; });
  return alarms;
}

// A claim as it was given, or that of a run.
std::string claim_meant(RunStore& store, const std::string& text) {
  const bool is_name = text.starts_with("heretix-rpl-") || text.starts_with("exec-") || text == RunStore::kNewest;
  return is_name ? stored_record(store, text).plan.recipe.claim.text : text;
}

void require_some(const std::vector<HistoryRun>& runs, const std::string& claim, const StoredRuns& stored,
                  const HistoryOptions& options) {
  if (!runs.empty()) return;
  const bool is_narrowed = !options.model.empty() || !options.since.empty();
  throw Error(ErrorKind::not_found,
              fmt::format("{} has no finished measurement of '{}'{}", stored.path, shortened(on_one_line(claim), 80),
                          is_narrowed ? " that fits" : ""),
              with_store("the text must be that of the claim, letter by letter; see heretix list", stored.flag));
}

int history_command(const HistoryOptions& options) {
  if (!options.since.empty()) require_day("--since", options.since);
  if (!(options.alpha > 0 && options.alpha < 1))
    throw Error(ErrorKind::bad_input, fmt::format("--alpha is {}; it must be between 0 and 1", options.alpha),
                "leave it out for the rate that heretix drift uses");

  const StoredRuns stored = open_for_reading(options);
  RunStore& store = *stored.store;
  const Origin shown = shown_origin(store, options);
  const std::string claim = claim_meant(store, *options.claim);

  std::vector<HistoryRun> runs;
  std::size_t damaged = 0;
  add_executions(store, claim, shown, runs, damaged);
  add_foreign_runs(store, claim, shown, runs);
  std::erase_if(runs, [&](const HistoryRun& run) {
    return to_lower_ascii(run.source.model.text()).find(to_lower_ascii(options.model)) == std::string::npos ||
           (!options.since.empty() && utc_day(run.created_at) < options.since);
  });
  require_some(runs, claim, stored, options);

  const bool is_mock = std::ranges::any_of(runs, [](const HistoryRun& run) { return run.source.is_mock; });
  const BeliefHistory history = history_of(claim, std::move(runs), alarms_of(store, options));
  show_document(to_document(history), to_json(history), options, is_mock);

  if (!options.svg.empty()) {
    write_file({.name = options.svg, .text = html::standalone_svg(history_svg(history))});
    print_note(fmt::format("written to {}", options.svg));
  }
  if (damaged > 0)
    print_note(
        fmt::format("heretix: {} measurements are left out, because their answers are damaged or not there", damaged));
  return kDone;
}

}  // namespace

void register_history(CommandTable& table) {
  const auto [history, o] =
      table.add<HistoryOptions>("history", "show what models have believed about one claim over time", history_command);
  add_claim(history, o.claim, "the claim, letter by letter as it was measured, or a run of it").required();
  history.add_option("--model", o.model, "only models with this text in their name")->type_name("TEXT");
  history.add_option("--since", o.since, "only measurements from this day on, in UTC")->type_name("YYYY-MM-DD");
  history.add_option("--alpha", o.alpha, "the rate of false alarms of the drift watches (default 0.0025)")
      ->type_name("X");
  history.add_option("--svg", o.svg, "also write the picture, as an SVG file that can be embedded")->type_name("FILE");
  add_store_to_read(history, o);
  add_database(history, o, "read from this Postgres database instead of the store");
  add_page(history, o);
  add_json(history, o);
}

}  // namespace heretix
