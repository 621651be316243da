// Resolves what a command works with from flags, environment, configuration file and defaults.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "cli/option_groups.hpp"
#include "cli/pulled_models.hpp"
#include "measure/run_check.hpp"
#include "measure/run_store.hpp"
#include "models/price_list.hpp"
#include "models/provider.hpp"
#include "store/sqlite/sqlite_database.hpp"

namespace heretix {

// The settings of all four layers together, and the request that follows from them.
struct Resolved {
  Settings settings;
  CheckRequest request;
  std::string database_path;
  PromptBanks banks{""};  // from --prompts; each file is read once, whoever asks for it
  bool no_color = false;
  bool alone = false;  // each statement in a request of its own, whatever a profile allows
};

// `row` holds the settings of one line of a batch, which count before the configuration file; otherwise it is empty.
Resolved resolve(const MeasuringOptions& options, const Settings& row = {});

// Resolves many rows. What is the same for all of them is read once.
class Resolver {
 public:
  explicit Resolver(const MeasuringOptions& options);  // borrowed
  Resolved resolve(const Settings& row) const;

 private:
  PromptBanks banks_in(const std::string& folder) const;

  const MeasuringOptions& options_;
  Environment environment_;
  Settings file_;
  Settings flags_;
  mutable std::map<std::string, PromptBanks> banks_;  // by folder
};

// Whether --allow-question, its variable, the row or the configuration file lets a claim be a question.
bool allows_questions(const MeasuringOptions& options, const Settings& row = {});

// Whether the embedded model answers, and no stand-in in its name.
bool asks_embedded(const Settings& settings);

// The bank that is asked for, or the usual one of this model and readout.
std::string bank_of(const Settings& settings, Readout readout);

// Checks a claim that a person gives: require_statement() with a hint in the words of the command line.
void require_statement(std::string_view claim, bool allow_question);

// Like resolve(), for run and describe: if nothing names a plan, they ask until the interval is narrow.
Resolved resolve_for_run(const MeasuringOptions& options);

// Whether the provider will be asked. One that is only described needs no key, and nothing is fetched for it.
enum class Asks { questions, nothing };

// Throws Error{bad_input} for an unknown name, and what the provider throws. A model of a hub (hf:OWNER/REPO) that is
// not on this machine is fetched first if it is asked and `fetching` allows it.
std::unique_ptr<Provider> make_provider(const Settings& settings, Asks asks = Asks::questions,
                                        Fetching fetching = Fetching::on_terminal);

// Returns the part of the settings that can matter to the provider. If two settings agree in it, one provider serves
// both.
Settings provider_settings(Settings settings);

// Returns the program's own price list, overridden by the user's (--prices, HERETIX_PRICES).
PriceList price_list(const Settings& settings);

// The number of samples for the readout frequency. Throws Error{bad_input} if it is out of range.
int samples_of(const Settings& settings);

// Throws Error{bad_input} for an amount out of range.
Budget make_budget(const Settings& settings);

// A budget needs a price: throws Error{bad_input} if none is known.
void require_price(const Budget& budget, const ProviderFacts& facts);

// The store that the settings name. Where they name none, it is the usual one, or that of mock runs if they ask for
// mock answers (docs/storage.md).
std::string store_path(const Settings& settings);
// The settings of all layers for a command that measures, without those of a row. Of several models the first counts.
Settings used_settings(const CommonOptions& options);
// The store of a command that reads: from the flag, the variable or the default.
std::string database_path(const CommonOptions& options);
// The store of a command that measures: the configuration file may name it too.
std::string used_database_path(const CommonOptions& options);

// Returns "--mock" or "--db FILE" if a command without it would read another store, else nothing.
std::string store_flag(const std::string& path);

// What list, show, answers, report and verify read: the store, or the checks in a Postgres with --database.
struct StoredRuns {
  std::unique_ptr<Database> database;
  std::unique_ptr<RunStore> store;
  std::string path;  // of the store, beside which artifacts lie
  std::string flag;  // that a printed command needs to read the same; often empty
};
// `runs` names the runs that the command is about. If no store is named and the usual one lacks them, they are read
// from the store of mock runs. The latter is read with a note where it is the only one that is there.
StoredRuns open_for_reading(const CommonOptions& options, const std::vector<std::string>& runs = {});

// Counts SIGINT and SIGTERM from the first call on.
const StopSignal& stop_signal();

}  // namespace heretix
