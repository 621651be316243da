// What several commands take: the structs that hold it and the functions that register it. A command derives the struct
// of its own options from one of these (command_table.hpp).
#pragma once

#include <string>
#include <vector>

#include "cli/settings.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace heretix {

struct CommonOptions {
  std::vector<std::string> arguments;  // as given, for a command that another program runs
  Settings flags;
  std::vector<std::string> models;  // of run, batch and calibrate: one or several; elsewhere at most one
  std::string config;               // of commands that measure
  std::string database;             // local, prod or an address; empty: not said
  bool database_is_second = false;  // it is kept beside the store, and not read in its place
  bool json = false;
  std::string out;  // an HTML page
  bool quiet = false;
};

// Of commands that ask a model.
struct MeasuringOptions : CommonOptions {
  std::string seed_text;
  bool fixed = false;
  bool alone = false;  // each statement in a request of its own
  bool fresh = false;
  bool resend_unknown = false;
  bool strict = false;
  bool progress_events = false;  // as JSON lines on stderr, for a program that calls this one
  // The embedded model writes its answers unless a readout is named: of drift, whose baselines of earlier builds do.
  bool writes_by_default = false;
};

// A stored run, by its name.
struct StoredRunOptions : CommonOptions {
  std::string run;  // run or execution
};

void add_store(CLI::App& command, CommonOptions& o);
// Of commands that read stored runs; with --mock, mock runs.
void add_store_to_read(CLI::App& command, CommonOptions& o);
void add_database(CLI::App& command, CommonOptions& o, const char* what);
void add_json(CLI::App& command, CommonOptions& o);
void add_page(CLI::App& command, CommonOptions& o);
void add_mock(CLI::App& command, CommonOptions& o);
void add_bank(CLI::App& command, CommonOptions& o);
void add_base_url(CLI::App& command, CommonOptions& o);
void add_prices(CLI::App& command, CommonOptions& o);
void add_spending(CLI::App& command, CommonOptions& o);
void add_resending(CLI::App& command, MeasuringOptions& o);
void add_plan_options(CLI::App& command, MeasuringOptions& o);
void add_ask_options(CLI::App& command, MeasuringOptions& o, const char* strict = "exit with 1 if a gate fails");
void add_ladder_option(CLI::App& command, MeasuringOptions& o);
// CLAIM as the first argument. Without quotes its words come one by one, and are joined with blanks.
CLI::Option& add_claim(CLI::App& command, std::optional<std::string>& claim, const char* what);
// Throws Error{bad_input} naming the option for a text that is no date of a calendar.
void require_day(const char* option, const std::string& text);
void add_verbose(CLI::App& command, bool& verbose);
void add_recalibration(CLI::App& command, std::string& certificate);
void add_run_argument(CLI::App& command, StoredRunOptions& o,
                      const char* what = "a run or execution id, or the beginning of one");

}  // namespace heretix
