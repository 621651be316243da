#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "cli/command_table.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal.hpp"

namespace heretix {
namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// A command that only groups others ("db") gives way to them; one that also does something itself ("models") stays.
std::vector<const CLI::App*> runnable_commands_of(const CLI::App& app) {
  std::vector<const CLI::App*> runnable;
  for (const CLI::App* command : commands_of(app)) {
    const auto inner = commands_of(*command);
    if (inner.empty() || command->get_require_subcommand_min() == 0) runnable.push_back(command);
    runnable.insert(runnable.end(), inner.begin(), inner.end());
  }
  return runnable;
}

// "db upgrade"
std::string full_name(const CLI::App& command) {
  const CLI::App* group = command.get_parent();
  const bool is_inner = group != nullptr && group->get_parent() != nullptr;
  return (is_inner ? group->get_name() + " " : "") + command.get_name();
}

std::vector<const CLI::Option*> options_of(const CLI::App& command) {
  return command.get_options([](const CLI::Option*) { return true; });
}

// "-K,--slots N"
std::string usage_of(const CLI::Option& option) {
  const std::string names = option.get_positional() ? option.get_type_name() : option.get_name(false, true);
  const bool takes_value = !option.get_positional() && option.get_expected_max() > 0;
  return names + (takes_value ? " " + option.get_type_name() : "");
}

std::string in_roff(const std::string& text) { return replaced(replaced(text, {"\\", "\\\\"}), {"-", "\\-"}); }

}  // namespace

std::string man_page(const CLI::App& app) {
  std::string text = fmt::format(
      ".TH HERETIX 1 \"\" \"heretix {}\" \"User Commands\"\n.SH NAME\nheretix \\- measure what a language model "
      "believes about a claim\n"
      ".SH SYNOPSIS\n.B heretix\n.I command\n[options]\n.SH DESCRIPTION\n{}\n.SH COMMANDS\n",
      kVersion, in_roff(app.get_description()));
  for (const CLI::App* command : runnable_commands_of(app)) {
    text += fmt::format(".SS heretix {}\n{}\n", full_name(*command), in_roff(command->get_description()));
    for (const CLI::Option* option : options_of(*command)) {
      text += fmt::format(".TP\n.B {}\n{}\n", in_roff(usage_of(*option)), in_roff(option->get_description()));
    }
  }
  return text + ".SH EXIT STATUS\n" + in_roff(app.get_footer()) + "\n";
}

std::string command_docs(const CLI::App& app) {
  std::string text =
      "# Commands\n\nMade by `heretix commands` from the program's own table of flags; a test compares. "
      "Every command and option has an example, from [start](examples/start.md) on.\n";
  for (const CLI::App* command : runnable_commands_of(app)) {
    text += fmt::format("\n## heretix {}\n\n{}\n\n| option | meaning |\n|---|---|\n", full_name(*command),
                        command->get_description());
    for (const CLI::Option* option : options_of(*command))
      text += fmt::format("| `{}` | {} |\n", usage_of(*option), option->get_description());
  }
  return text + "\n" + app.get_footer() + "\n";
}

namespace {

struct GeneratedOptions : CommonOptions {
  const CLI::App* app = nullptr;  // the table that it is made of
};

int man_command(const GeneratedOptions& options) {
  print_result(man_page(*options.app));
  return kDone;
}

int commands_command(const GeneratedOptions& options) {
  print_result(command_docs(*options.app));
  return kDone;
}

}  // namespace

void register_generated(CommandTable& table) {
  const auto add = [&](const char* name, const char* what, int (*command)(const GeneratedOptions&)) {
    const auto added = table.add<GeneratedOptions>(name, what, command);
    added.options.app = &table.app();
  };
  add("man", "print the man page (heretix man | man -l -)", man_command);
  add("commands", "print the commands as Markdown", commands_command);
}

}  // namespace heretix
