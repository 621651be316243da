#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/session.hpp"
#include "cli/stored_results.hpp"
#include "report/mock_mark.hpp"
#include "studies/variance/variance.hpp"

namespace heretix {

namespace {

struct VarianceOptions : CommonOptions {
  std::vector<std::string> runs;
  double wording_cost = 0;  // in answers
};

int variance_command(const VarianceOptions& options) {
  const StoredRuns stored = open_for_reading(options, options.runs);
  std::vector<Record> records;
  for (const std::string& name : options.runs) records.push_back(stored_record(*stored.store, name));
  const VarianceReport report = variance_report(records, options.wording_cost);
  show_document(to_document(report), to_json(report), options, !mock_notice(records).empty());
  return kDone;
}

}  // namespace

void register_variance(CommandTable& table) {
  const auto [variance, o] = table.add<VarianceOptions>(
      "variance", "show where the spread of answers comes from, and what to ask next", variance_command);
  variance
      .add_option("run", o.runs, "a run or execution id; several must be of one claim, one for each model on each day")
      ->type_name("RUN")
      ->required();
  variance
      .add_option("--wording-cost", o.wording_cost,
                  "the cost of a further wording beyond its answers, counted in answers (default 0)")
      ->type_name("X");
  add_store_to_read(variance, o);
  add_database(variance, o, "read from this Postgres database instead of the store");
  add_page(variance, o);
  add_json(variance, o);
}

}  // namespace heretix
