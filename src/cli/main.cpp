#include <CLI/CLI.hpp>

#include <map>

#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/guarded_main.hpp"
#include "cli/terminal.hpp"

namespace heretix {
namespace {

using Command = int (*)(const Options&);

const std::map<std::string, Command> kCommands = {
    {"run", run_command},
    {"describe", describe_command},
    {"batch", batch_command},
    {"list", list_command},
    {"show", show_command},
    {"answers", answers_command},
    {"report", report_command},
    {"simulate", simulate_command},
    {"verify", verify_command},
    {"variance", variance_command},
    {"models", models_command},
    {"selftest", selftest_command},
    {"calibrate", calibrate_command},
    {"coherence", coherence_command},
    {"readouts", readouts_command},
    {"probe", probe_command},
    {"compare", compare_command},
    {"costs", costs_command},
    {"keys set", keys_set_command},
    {"keys list", keys_list_command},
    {"keys path", keys_path_command},
    {"drift baseline", drift_baseline_command},
    {"drift check", drift_check_command},
    {"drift show", drift_show_command},
    {"db upgrade", db_upgrade_command},
    {"db downgrade", db_downgrade_command},
    {"db current", db_current_command},
    {"db history", db_history_command},
    {"db check", db_check_command},
    {"db status", db_status_command},
    {"db stamp", db_stamp_command},
    {"db convert", db_convert_command},
    {"db catalogue", db_catalogue_command},
    {"db psql", db_psql_command},
    {"db import", db_import_command},
    {"db personal-data", db_personal_data_command},
    {"export", export_command},
    {"serve", serve_command},
    {"worker", worker_command},
    {"health", health_command},
    {"user list", user_list_command},
    {"user show", user_show_command},
    {"user link", user_link_command},
    {"user suspend", user_suspend_command},
    {"user resume", user_resume_command},
    {"user delete", user_delete_command},
    {"plan list", plan_list_command},
    {"plan set", plan_set_command},
    {"usage", usage_command},
};

// What the table of flags itself gives.
int print_generated(const CLI::App& app, const std::string& name, const Options& options) {
  if (name == "completion") print_result(completion_script(app, options.input));
  else print_result(name == "man" ? man_page(app) : command_docs(app));
  return kDone;
}

std::string chosen_command(const CLI::App& app) {
  std::string name;
  for (auto chosen = app.get_subcommands(); !chosen.empty(); chosen = chosen.front()->get_subcommands())
    name += (name.empty() ? "" : " ") + chosen.front()->get_name();
  return name;
}

int command_of(const CLI::App& app, const Options& options) {
  const std::string name = chosen_command(app);
  const auto command = kCommands.find(name);
  return command == kCommands.end() ? print_generated(app, name, options) : command->second(options);
}

}  // namespace
}  // namespace heretix

int main(int count, char** arguments) { return heretix::guarded_main(count, arguments, &heretix::command_of); }
