// The one table of commands: help, man page, shell completion and docs/commands.md come from it.
//
// A command's file has the struct of its own options and one function that registers it here (commands.hpp lists them):
//
//   struct CostsOptions : CommonOptions { std::string since; };
//   int costs_command(const CostsOptions& options);
//   void register_costs(CommandTable& table) {
//     const auto [costs, o] = table.add<CostsOptions>("costs", "what was billed …", costs_command);
//     costs.add_option("--since", o.since, "from that day on (UTC)");
//   }
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "cli/option_groups.hpp"

namespace heretix {

template <class Options>
struct RegisteredCommand {
  CLI::App& app;
  Options& options;  // filled when the arguments are parsed
};

class CommandTable {
 public:
  CommandTable();
  ~CommandTable();

  CLI::App& app() { return *app_; }

  // Commands of their own, which stand behind its name.
  CLI::App& add_group(const char* name, const char* what);

  // `command` returns the exit code.
  template <class Options>
  RegisteredCommand<Options> add(const char* name, const char* what, int (*command)(const Options&)) {
    return add_to(app(), name, what, command);
  }
  template <class Options>
  RegisteredCommand<Options> add_to(CLI::App& group, const char* name, const char* what,
                                    int (*command)(const Options&)) {
    CLI::App& added = new_command(group, name, what);
    const auto options = std::make_shared<Options>();
    commands_[&added] = {options, [options, command] { return command(*options); }};
    return {added, *options};
  }

  // Throws CLI::ParseError for arguments that are wrong, and for those that ask for a text (--help, --version).
  void parse(const std::vector<std::string>& arguments);
  // After that: the command that was named, and its options. Null before.
  int run_chosen();
  const CommonOptions* chosen_options() const;

 private:
  struct Command {
    std::shared_ptr<CommonOptions> options;
    std::function<int()> run;
  };
  static CLI::App& new_command(CLI::App& group, const char* name, const char* what);
  const Command* chosen() const;

  std::unique_ptr<CLI::App> app_;
  std::map<const CLI::App*, Command> commands_;
};

std::string man_page(const CLI::App& app);
// `shell`: bash, zsh or fish; else Error{bad_input}.
std::string completion_script(const CLI::App& app, const std::string& shell);
std::string command_docs(const CLI::App& app);  // Markdown

}  // namespace heretix
