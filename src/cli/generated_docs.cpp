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

// A command that only groups others ("db") gives way to them.
std::vector<const CLI::App*> runnable_commands_of(const CLI::App& app) {
  std::vector<const CLI::App*> runnable;
  for (const CLI::App* command : commands_of(app)) {
    const auto inner = commands_of(*command);
    if (inner.empty()) runnable.push_back(command);
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

std::vector<std::string> flags_of(const CLI::App& command) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : options_of(command)) {
    for (const std::string& name : option->get_snames()) flags.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  for (const CLI::App* inner : commands_of(command)) {
    flags.push_back(inner->get_name());
    for (const std::string& flag : flags_of(*inner)) {
      if (std::ranges::find(flags, flag) == flags.end()) flags.push_back(flag);
    }
  }
  return flags;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string names_of(const std::vector<const CLI::App*>& commands) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands) names.push_back(command->get_name());
  return joined(names);
}

std::string bash_script(const CLI::App& app) {
  std::string cases;
  for (const CLI::App* command : commands_of(app)) {
    cases += fmt::format("    {}) words=\"{}\" ;;\n", command->get_name(), joined(flags_of(*command)));
  }
  return fmt::format(
      "# bash completion for heretix: source <(heretix completion bash)\n_heretix() {{\n"
      "  local cur=${{COMP_WORDS[COMP_CWORD]}} words=\"\"\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then COMPREPLY=($(compgen -W \"{}\" -- \"$cur\")); return; fi\n"
      "  case ${{COMP_WORDS[1]}} in\n{}  esac\n"
      "  if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")); else COMPREPLY=($(compgen -f -- "
      "\"$cur\")); fi\n"
      "}}\ncomplete -F _heretix heretix\n",
      names_of(commands_of(app)), cases);
}

std::string zsh_script(const CLI::App& app) {
  std::string cases;
  for (const CLI::App* command : commands_of(app)) {
    cases += fmt::format("    {}) compadd -- {} ;;\n", command->get_name(), joined(flags_of(*command)));
  }
  return fmt::format(
      "#compdef heretix\n# zsh completion: heretix completion zsh > \"${{fpath[1]}}/_heretix\"\n"
      "if (( CURRENT == 2 )); then compadd {}\nelse\n  case $words[2] in\n{}  esac\n  _files\nfi\n",
      names_of(commands_of(app)), cases);
}

std::string fish_script(const CLI::App& app) {
  std::string text = "# fish completion: heretix completion fish | source\n";
  for (const CLI::App* command : commands_of(app)) {
    text += fmt::format("complete -c heretix -n __fish_use_subcommand -a {} -d '{}'\n", command->get_name(),
                        replaced(command->get_description(), {"'", "\\'"}));
    for (const CLI::App* inner : commands_of(*command)) {
      text += fmt::format("complete -c heretix -n '__fish_seen_subcommand_from {}' -a {} -d '{}'\n",
                          command->get_name(), inner->get_name(), replaced(inner->get_description(), {"'", "\\'"}));
    }
  }
  for (const CLI::App* command : runnable_commands_of(app)) {
    for (const CLI::Option* option : options_of(*command)) {
      for (const std::string& name : option->get_lnames()) {
        text += fmt::format("complete -c heretix -n '__fish_seen_subcommand_from {}' -l {} -d '{}'\n",
                            command->get_name(), name, replaced(option->get_description(), {"'", "\\'"}));
      }
    }
  }
  return text;
}

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

std::string completion_script(const CLI::App& app, const std::string& shell) {
  if (shell == "bash") return bash_script(app);
  if (shell == "zsh") return zsh_script(app);
  if (shell == "fish") return fish_script(app);
  throw Error(ErrorKind::bad_input, fmt::format("no completion for '{}'", shell), "bash, zsh or fish");
}

std::string command_docs(const CLI::App& app) {
  std::string text =
      "# Commands\n\nMade by `heretix commands` from the program's own table of flags; a test compares.\n";
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
  std::string shell;              // of completion
  const CLI::App* app = nullptr;  // the table that it is made of
};

int completion_command(const GeneratedOptions& options) {
  print_result(completion_script(*options.app, options.shell));
  return kDone;
}

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
    return added;
  };
  const auto [completion, o] = add("completion", "print a completion script", completion_command);
  completion.add_option("shell", o.shell, "bash, zsh or fish")->type_name("SHELL")->required();
  add("man", "print the man page (heretix man | man -l -)", man_command);
  add("commands", "print the commands as Markdown", commands_command);
}

}  // namespace heretix
