#include "cli/guarded_main.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <optional>
#include <sstream>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "cli/advice.hpp"
#include "cli/exit_code.hpp"
#include "cli/nearest.hpp"
#include "cli/terminal.hpp"

namespace heretix {
namespace {

constexpr std::size_t kMostShown = 60;          // characters of an argument
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

// CLI11 quotes what it does not expect, and an address may hold a password.
std::string without_secrets(std::string text, const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    const std::size_t scheme_end = argument.find("://");
    if (scheme_end == std::string::npos) continue;
    const std::string address = argument.substr(argument.rfind('=', scheme_end) + 1);  // behind "--base-url=", or all
    text = replaced(text, {address, shown_url(address)});
  }
  return text;
}

// The names that may stand where this one stands: of commands, or of the options of a command.
std::vector<std::string> names_of_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> names_of_options(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options(nullptr)) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

struct Misspelled {
  std::string what;  // empty: CLI11 says it well enough
  std::string hint;
};

// What is wrong with the first argument that is no command and no option. Empty if all are known, or if nothing comes
// near it.
std::optional<Misspelled> misspelled_in(const CLI::App& root, const std::vector<std::string>& arguments) {
  const CLI::App* app = &root;
  std::string command = "heretix";
  for (const std::string& argument : arguments) {
    if (argument.starts_with("--")) {
      const std::string name = argument.substr(0, argument.find('='));
      if (name == "--" || app->get_option_no_throw(name) != nullptr) continue;
      const auto meant = nearest(name, names_of_options(*app));
      if (!meant) return std::nullopt;
      return Misspelled{"", fmt::format("did you mean {}? {} --help lists the options", *meant, command)};
    }

    const std::vector<const CLI::App*> below = app->get_subcommands(nullptr);
    if (below.empty() || argument.starts_with('-')) continue;
    const auto known = std::ranges::find(below, argument, &CLI::App::get_name);
    if (known != below.end()) {
      app = *known;
      command += " " + argument;
      continue;
    }

    // An address may hold a password, so it is not repeated.
    const bool is_address = argument.find("://") != std::string::npos;
    const std::string what =
        is_address ? "" : fmt::format("there is no command '{}'", on_one_line(shortened(argument, kMostShown)));
    if (argument.find(' ') != std::string::npos)
      return Misspelled{what, fmt::format("{} run \"CLAIM\" measures a claim", command)};
    const auto meant = nearest(argument, names_of_commands(*app));
    const std::string meant_text = meant ? fmt::format("did you mean {} {}? ", command, *meant) : "";
    return Misspelled{what, fmt::format("{}{} --help lists the commands", meant_text, command)};
  }
  return std::nullopt;
}

// CLI11's own words for what is wrong, with our exit code.
int parse_failure(const CLI::App& app, const CLI::ParseError& e, const std::vector<std::string>& arguments) {
  const auto wrong = misspelled_in(app, arguments);
  const std::string what = wrong && !wrong->what.empty() ? wrong->what : without_secrets(e.what(), arguments);
  print_error(Error(ErrorKind::bad_input, what, wrong ? wrong->hint : "heretix --help, or --help behind a command"));
  return exit_code_of(ErrorKind::bad_input);
}

// Throws what the command throws, and CLI::ParseError for arguments that are wrong.
int parse_and_run(CommandTable& table, const std::vector<std::string>& arguments) {
  try {
    table.parse(arguments);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return print_asked_text(table.app(), e);
    throw;
  }
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
  } catch (const CLI::ParseError& e) { return parse_failure(table.app(), e, taken); } catch (const Error& e) {
    const CommonOptions* options = table.chosen_options();
    print_error(options == nullptr ? e : with_store(e, store_flag_of(*options)));
    return exit_code_of(e.kind());
  } catch (const std::exception& e) {
    print_error(Error(ErrorKind::broken, e.what(), "this is a bug: report it with the command that led here"));
    return exit_code_of(ErrorKind::broken);
  }
}

}  // namespace heretix
