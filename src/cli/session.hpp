// What a command works with, resolved from flags, environment, file and defaults.
#pragma once

#include <memory>
#include <string>

#include "cli/options.hpp"
#include "measure/run_check.hpp"
#include "measure/run_store.hpp"
#include "models/price_list.hpp"
#include "models/provider.hpp"
#include "store/sqlite/sqlite_database.hpp"

namespace heretix {

// All four layers together, and the request that follows.
struct Resolved {
  Settings settings;
  CheckRequest request;
  std::string database_path;
  PromptBanks banks{""};  // of --prompts: each file is read once, whoever asks for it
  bool no_color = false;
  bool alone = false;  // each statement in a request of its own, whatever a profile allows
};

// `row`: settings of one line of a batch, above the configuration file; empty otherwise.
Resolved resolve(const Options& options, const Settings& row = {});

// Whether --allow-question, its variable, the row or the configuration file lets a claim be a question.
bool allows_questions(const Options& options, const Settings& row = {});

// Of what a person gives to be measured: require_statement() with the words of the command line.
void require_statement(std::string_view claim, bool allow_question);

// As resolve(), for run and describe, which sample until precise where nothing names a plan.
Resolved resolve_for_run(const Options& options);

// Throws Error{bad_input} for a name that is none, and what the provider throws.
std::unique_ptr<Provider> make_provider(const Settings& settings);

// What of the settings may show in the provider that is made of them: where it is equal, one provider serves both.
Settings provider_settings(Settings settings);

// The program's own, with the user's list (--prices, HERETIX_PRICES) over it.
PriceList price_list(const Settings& settings);

// Of a frequency. Throws Error{bad_input} for a number out of range.
int samples_of(const Settings& settings);

// Throws Error{bad_input} for an amount out of range.
Budget make_budget(const Settings& settings);

// A cap needs a price: throws Error{bad_input} where none is known.
void require_price(const Budget& budget, const ProviderFacts& facts);

// What a command that reads means: flag, variable, default.
std::string database_path(const Options& options);
// What a command that measures means: the configuration file may name it too.
std::string used_database_path(const Options& options);

// What list, show, answers, report and verify read: the store, or with --database the checks of a Postgres.
struct StoredRuns {
  std::unique_ptr<Database> database;
  std::unique_ptr<RunStore> store;
};
StoredRuns open_for_reading(const Options& options);

// SIGINT and SIGTERM are counted in here from the first call on.
const StopSignal& stop_signal();

}  // namespace heretix
