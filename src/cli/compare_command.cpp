#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "archive/load_record.hpp"
#include "belief/record/stored_config.hpp"
#include "cli/batch_file.hpp"
#include "cli/commands.hpp"
#include "cli/comparing.hpp"
#include "cli/exit_code.hpp"
#include "cli/left_out.hpp"
#include "cli/session.hpp"
#include "cli/stored_results.hpp"
#include "studies/compare/sides.hpp"

namespace heretix {
namespace {

// A run that is named must be of the kind that this comparison goes by: a mock number is not compared with a model's.
void require_shown(const ExecutionRow& execution, Origin shown) {
  const bool is_mock = is_mock_mode(execution.mode);
  if (is_mock == (shown == Origin::mock)) return;
  if (is_mock)
    throw Error(ErrorKind::bad_input,
                fmt::format("{} is a mock run, and mock runs are left out in a store that also holds measurements",
                            execution.run_id),
                "heretix compare A B --mock compares mock runs");
  throw Error(ErrorKind::bad_input, fmt::format("{} is a model's, and --mock compares mock runs", execution.run_id),
              "leave --mock out");
}

Side side_of(const std::string& text, RunStore& runs, Origin shown) {
  Side side = parse_side(text);
  if (side.is_selector) return side;
  const ExecutionRow execution = stored_execution(runs, text);
  require_shown(execution, shown);
  side.text = execution.execution_id.text();
  return side;
}

std::vector<ExecutionHead> executions_of(RunStore& runs, Origin shown) {
  std::vector<ExecutionHead> heads = runs.done_executions();
  std::erase_if(heads, [&](const ExecutionHead& head) { return head.is_mock != (shown == Origin::mock); });
  return heads;
}

}  // namespace

StoredComparison compare_stored(const CompareOptions& options, const std::vector<std::string>& claims) {
  std::vector<std::string> named;
  std::ranges::copy_if(options.sides, std::back_inserter(named),
                       [](const std::string& side) { return !parse_side(side).is_selector; });
  const StoredRuns stored = open_for_reading(options, named);
  RunStore& runs = *stored.store;
  const Origin shown = shown_origin(runs, options);
  const Side a = side_of(options.sides.at(0), runs, shown);
  const Side b = side_of(options.sides.at(1), runs, shown);
  if (a.is_selector || b.is_selector) tell_left_out(runs, shown, "heretix compare A B", stored.flag);

  std::vector<ClaimDifference> differences;
  for (const ExecutionPair& pair : pair_up(a, b, executions_of(runs, shown), claims))
    differences.push_back(difference_between(stored_record(runs, pair.a), stored_record(runs, pair.b)));
  return {differences_of(options.sides[0], options.sides[1], std::move(differences)), shown == Origin::mock};
}

namespace {

int compare_command(const CompareOptions& options) {
  std::vector<std::string> claims;
  if (!options.claims.empty()) {
    for (const BatchEntry& entry : read_batch_file(options.claims)) claims.push_back(*entry.settings.claim);
  }

  const auto [all, is_mock] = compare_stored(options, claims);
  show_document(to_document(all), to_json(all), options, is_mock);
  const bool differs = all.finding == Finding::higher || all.finding == Finding::lower || all.named() > 0;
  return options.strict && differs ? kDifference : kDone;
}

}  // namespace

void register_compare(CommandTable& table) {
  const auto [compare, o] = table.add<CompareOptions>(
      "compare", "show the difference between two measurements, with its interval and what drives it", compare_command);
  compare
      .add_option("sides", o.sides,
                  "A and B: run or execution ids; or properties that select the newest run of each claim: model=NAME, "
                  "bank=VERSION, on=YYYY-MM-DD, several joined by commas")
      ->type_name("A B")
      ->expected(2)
      ->required();
  compare.add_option("--claims", o.claims, "only the claims in this file (.jsonl or .csv, field 'claim')")
      ->type_name("FILE");
  compare.add_flag("--strict", o.strict, "exit with 1 if they differ");
  add_store_to_read(compare, o);
  add_database(compare, o, "read from this Postgres database instead of the store");
  add_page(compare, o);
  add_json(compare, o);
}

}  // namespace heretix
