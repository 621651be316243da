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

Side side_of(const std::string& text, RunStore& runs) {
  Side side = parse_side(text);
  if (!side.is_selector) side.text = stored_execution(runs, text).execution_id;
  return side;
}

}  // namespace

int compare_command(const Options& options) {
  std::vector<std::string> claims;
  if (!options.input.empty()) {
    for (const BatchEntry& entry : read_batch_file(options.input)) claims.push_back(*entry.settings.claim);
  }
  const StoredRuns stored = open_for_reading(options);
  RunStore& runs = *stored.store;
  const Side a = side_of(options.runs.at(0), runs);
  const Side b = side_of(options.runs.at(1), runs);
  std::vector<ClaimDifference> differences;
  for (const ExecutionPair& pair : pair_up(a, b, runs.done_executions(), claims))
    differences.push_back(difference_between(stored_record(runs, pair.a), stored_record(runs, pair.b)));
  const Differences all = differences_of(options.runs[0], options.runs[1], std::move(differences));
  show_document(to_document(all), to_json(all), options);
  const bool differs = all.finding == Finding::higher || all.finding == Finding::lower || all.named() > 0;
  return options.strict && differs ? kDifference : kDone;
}

}  // namespace heretix
