#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/session.hpp"
#include "cli/stored_results.hpp"
#include "studies/variance/variance.hpp"

namespace heretix {

int variance_command(const Options& options) {
  const StoredRuns stored = open_for_reading(options);
  std::vector<Record> records;
  for (const std::string& name : options.runs) records.push_back(stored_record(*stored.store, name));
  const VarianceReport report = variance_report(records, options.wording_cost);
  show_document(to_document(report), to_json(report), options);
  return kDone;
}

}  // namespace heretix
