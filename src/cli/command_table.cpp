#include "cli/command_table.hpp"

#include <CLI/CLI.hpp>

#include "base/version.hpp"

namespace heretix {

using CLI::App;

CommandTable::CommandTable()
    : app_(std::make_unique<App>("Heretix measures what a language model believes about a claim.\nIt takes a claim and "
                                 "returns a probability with an interval, and a record that anybody can recompute.",
                                 "heretix")) {
  app_->set_version_flag("--version", "heretix " + std::string(kVersion), "print the version");
  app_->require_subcommand(1);
  app_->get_formatter()->column_width(34);
  app_->footer(
      "Exit codes: 0 done; 1 a difference or a failed gate under --strict; 2 bad input; 3 not found; 4 not allowed;\n"
      "5 unavailable; 6 in doubt; 7 stopped half-way, everything kept (a signal, a budget, a quota); 70 broken.");
}

CommandTable::~CommandTable() = default;

App& CommandTable::new_command(App& group, const char* name, const char* what) {
  return *group.add_subcommand(name, what)->fallthrough(false);
}

App& CommandTable::add_group(const char* name, const char* what) {
  App& group = new_command(app(), name, what);
  group.require_subcommand(1);
  return group;
}

void CommandTable::parse(const std::vector<std::string>& arguments) {
  for (auto& [app, command] : commands_) command.options->arguments = arguments;
  app_->parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 wants the last one first
}

const CommandTable::Command* CommandTable::chosen() const {
  const App* app = app_.get();
  for (auto below = app->get_subcommands(); !below.empty(); below = app->get_subcommands()) app = below.front();
  const auto found = commands_.find(app);
  return found == commands_.end() ? nullptr : &found->second;
}

int CommandTable::run_chosen() { return chosen()->run(); }

const CommonOptions* CommandTable::chosen_options() const {
  const Command* command = chosen();
  return command == nullptr ? nullptr : command->options.get();
}

}  // namespace heretix
