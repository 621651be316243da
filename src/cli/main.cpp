#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <map>

#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/exit_code.hpp"
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
    {"verify", verify_command},
    {"models", models_command},
    {"selftest", selftest_command},
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
};

// What the table of flags itself gives.
int print_generated(const CLI::App& app, const std::string& name, const Options& options) {
  if (name == "completion") print_result(completion_script(app, options.input));
  else print_result(name == "man" ? man_page(app) : command_docs(app));
  return kDone;
}

// CLI11's own words for what is wrong, with our exit code.
int parse_failure(const CLI::App& app, const CLI::ParseError& e) {
  if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
  print_error(Error(ErrorKind::bad_input, e.what(), "heretix --help, or --help behind a command"));
  return exit_code_of(ErrorKind::bad_input);
}

std::string chosen_command(const CLI::App& app) {
  std::string name;
  for (auto chosen = app.get_subcommands(); !chosen.empty(); chosen = chosen.front()->get_subcommands())
    name += (name.empty() ? "" : " ") + chosen.front()->get_name();
  return name;
}

// Other users see a process's arguments: an address with a password must not stay there.
std::vector<std::string> taken_arguments(int count, char** arguments) {
  std::vector<std::string> taken(arguments + 1, arguments + count);
  for (int i = 1; i < count; ++i) {
    const std::string_view text(arguments[i]);
    if (text.find("://") != std::string_view::npos || text.find("password") != std::string_view::npos)
      std::fill_n(arguments[i], text.size(), 'x');
  }
  std::ranges::reverse(taken);  // as CLI11 wants them
  return taken;
}

int guarded_main(int count, char** arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  Options options;
  const auto app = make_app(options);
  try {
    app->parse(taken_arguments(count, arguments));
    const std::string name = chosen_command(*app);
    const auto command = kCommands.find(name);
    return command == kCommands.end() ? print_generated(*app, name, options) : command->second(options);
  } catch (const CLI::ParseError& e) { return parse_failure(*app, e); } catch (const Error& e) {
    print_error(e);
    return exit_code_of(e.kind());
  } catch (const std::exception& e) {
    print_error(Error(ErrorKind::broken, e.what(), "this is a bug: report it with the command that led here"));
    return exit_code_of(ErrorKind::broken);
  }
}

}  // namespace
}  // namespace heretix

int main(int count, char** arguments) { return heretix::guarded_main(count, arguments); }
