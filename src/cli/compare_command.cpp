#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "archive/load_record.hpp"
#include "cli/batch_file.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/session.hpp"
#include "cli/stored_results.hpp"
#include "studies/compare/difference.hpp"
#include "studies/compare/sides.hpp"

namespace heretix {
namespace {

struct CompareOptions : CommonOptions {
  std::vector<std::string> sides;
  std::string claims;  // a file
  bool strict = false;
};

Side side_of(const std::string& text, RunStore& runs) {
  Side side = parse_side(text);
  if (!side.is_selector) side.text = stored_execution(runs, text).execution_id.text();
  return side;
}

int compare_command(const CompareOptions& options) {
  std::vector<std::string> claims;
  if (!options.claims.empty()) {
    for (const BatchEntry& entry : read_batch_file(options.claims)) claims.push_back(*entry.settings.claim);
  }
  const StoredRuns stored = open_for_reading(options);
  RunStore& runs = *stored.store;
  const Side a = side_of(options.sides.at(0), runs);
  const Side b = side_of(options.sides.at(1), runs);
  std::vector<ClaimDifference> differences;
  for (const ExecutionPair& pair : pair_up(a, b, runs.done_executions(), claims))
    differences.push_back(difference_between(stored_record(runs, pair.a), stored_record(runs, pair.b)));
  const Differences all = differences_of(options.sides[0], options.sides[1], std::move(differences));
  show_document(to_document(all), to_json(all), options);
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
  add_store(compare, o);
  add_database(compare, o, "read from this Postgres database instead of the store");
  add_page(compare, o);
  add_json(compare, o);
}

}  // namespace heretix
