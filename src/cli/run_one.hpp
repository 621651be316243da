// Makes one check with its progress line, as run and batch do.
#pragma once

#include <optional>

#include "cli/databases.hpp"
#include "cli/progress_line.hpp"
#include "cli/session.hpp"
#include "cli/terminal.hpp"

namespace heretix {

// The Postgres in which --database keeps checks beside the store. It is connected before anything is asked, so that a
// wrong address costs nothing.
class SecondStore {
 public:
  explicit SecondStore(const CommonOptions& options);
  // Before a file is made: throws Error{bad_input} for a check that cannot be planned, or that its columns cannot hold.
  void require_fits(const Resolved& resolved, const ProviderFacts& facts) const;
  // Copies the check from the store. If that fails, the check is still in the store, and the error says how to go on.
  void keep(const Record& record, Database& store, const std::string& store_path);

 private:
  std::string option_;  // as given
  std::optional<NamedDatabase> named_;
  std::unique_ptr<PostgresDatabase> database_;
};

Record run_one(const PlannedCheck& check, const Resolved& resolved, Provider& provider, Database& database,
               ShowProgress show);
// The same for a caller that watches the check itself.
Record run_one(const PlannedCheck& check, const Resolved& resolved, Provider& provider, Database& database,
               AskObserver& observer);
ShowProgress progress_of(const MeasuringOptions& options);
// Throws Error{bad_input} for options that belong to a single model, and for a model that is named twice.
void require_no_option_of_one_model(const MeasuringOptions& options);

// The options of the command once for each of its models. Throws what require_no_option_of_one_model throws.
template <class Options>
std::vector<Options> one_for_each_model(const Options& options) {
  if (options.models.size() < 2) return {options};
  require_no_option_of_one_model(options);

  std::vector<Options> all;
  for (const std::string& model : options.models) {
    all.push_back(options);
    all.back().models = {model};
  }
  return all;
}

bool gates_passed(const Record& record);

}  // namespace heretix
