#include "cli/guarded_main.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <sstream>
#include <stdexcept>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/advice.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal.hpp"
#include "cli/usage_error.hpp"

namespace heretix {
namespace {

constexpr std::size_t kWideEnoughForHelp = 80;  // columns of a terminal
constexpr std::size_t kNarrowNames = 24;        // columns of the names of options and commands

// In a narrow terminal the names of options leave more room for what they mean.
void fit_help(const CLI::App& app) {
  const auto columns = terminal_columns(STDOUT_FILENO);
  if (columns && *columns < kWideEnoughForHelp) app.get_formatter()->column_width(kNarrowNames);
}

// A name that leaves a single blank before its meaning gets a line of its own, so that what is broken stands below the
// meaning.
std::string with_columns_apart(const CLI::App& app, const std::string& help) {
  const std::size_t column = app.get_formatter()->get_column_width();
  std::string text;
  for (const std::string_view line : split(help, '\n')) {
    const bool touches = line.size() > column && line.starts_with("  ") && line[2] != ' ' && line[column - 1] == ' ' &&
                         line[column - 2] != ' ' && line[column] != ' ';
    text += touches ? fmt::format("{}\n{:{}}{}\n", line.substr(0, column - 1), "", column, line.substr(column))
                    : std::string(line) + "\n";
  }
  text.pop_back();
  return text;
}

// What --help and --version ask for is a result like any other.
int print_asked_text(const CLI::App& app, const CLI::ParseError& e) {
  std::ostringstream text, unused;
  fit_help(app);
  app.exit(e, text, unused);
  print_text(with_columns_apart(app, text.str()));
  return kDone;
}

int wrong_usage(const CLI::App& app, const std::exception& e, const std::vector<std::string>& arguments) {
  const Error error = usage_error(app, e, arguments);
  print_error(error);
  return exit_code_of(error.kind());
}

// Throws what the command throws.
int parse_and_run(CommandTable& table, const std::vector<std::string>& arguments) {
  try {
    table.parse(arguments);
  } catch (const CLI::ParseError& e) {
    return e.get_exit_code() == 0 ? print_asked_text(table.app(), e) : wrong_usage(table.app(), e, arguments);
  } catch (const std::logic_error& e) { return wrong_usage(table.app(), e, arguments); }
  return table.run_chosen();
}

// Other users see a process's arguments: an address with a password must not stay there.
std::vector<std::string> taken_arguments(int count, char** arguments) {
  std::vector<std::string> taken(arguments + 1, arguments + count);
  for (int i = 1; i < count; ++i) {
    const std::string_view text(arguments[i]);
    if (text.find("://") != std::string_view::npos || text.find("password") != std::string_view::npos)
      std::fill_n(arguments[i], text.size(), 'x');
  }
  return taken;
}

}  // namespace

int guarded_main(int count, char** arguments,
                 void (*register_commands)(CommandTable& table, std::string_view first_argument)) {
  open_closed_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);

  CommandTable table;
  const std::vector<std::string> taken = taken_arguments(count, arguments);
  register_commands(table, taken.empty() ? "" : std::string_view(taken[0]));
  try {
    if (taken.empty()) {
      fit_help(table.app());
      print_text(with_columns_apart(table.app(), table.app().help()));
      return kDone;
    }
    return parse_and_run(table, taken);
  } catch (const Error& e) {
    const CommonOptions* options = table.chosen_options();
    print_error(options == nullptr ? e : with_store(e, store_flag_of(*options)));
    return exit_code_of(e.kind());
  } catch (const std::exception& e) {
    print_error(Error(ErrorKind::broken, e.what(), "this is a bug: report it with the command that led here"));
    return exit_code_of(ErrorKind::broken);
  }
}

}  // namespace heretix
