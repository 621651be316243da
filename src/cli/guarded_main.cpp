#include "cli/guarded_main.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <sstream>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "cli/advice.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal.hpp"

namespace heretix {
namespace {

// What --help and --version ask for is a result like any other.
int print_asked_text(const CLI::App& app, const CLI::ParseError& e) {
  std::ostringstream text, unused;
  app.exit(e, text, unused);
  print_result(text.str());
  return kDone;
}

// CLI11 quotes what it does not expect, and an address may hold a password.
std::string without_secrets(std::string text, const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    const std::size_t scheme_end = argument.find("://");
    if (scheme_end == std::string::npos) continue;
    const std::string address = argument.substr(argument.rfind('=', scheme_end) + 1);  // behind "--base-url=", or all
    text = replaced(text, address, shown_url(address));
  }
  return text;
}

// CLI11's own words for what is wrong, with our exit code.
int parse_failure(const CLI::ParseError& e, const std::vector<std::string>& arguments) {
  print_error(
      Error(ErrorKind::bad_input, without_secrets(e.what(), arguments), "heretix --help, or --help behind a command"));
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

int guarded_main(int count, char** arguments, void (*register_commands)(CommandTable& table)) {
  open_closed_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);

  CommandTable table;
  register_commands(table);
  const std::vector<std::string> taken = taken_arguments(count, arguments);
  try {
    return parse_and_run(table, taken);
  } catch (const CLI::ParseError& e) { return parse_failure(e, taken); } catch (const Error& e) {
    const CommonOptions* options = table.chosen_options();
    print_error(options == nullptr ? e : with_store(e, store_flag_of(*options)));
    return exit_code_of(e.kind());
  } catch (const std::exception& e) {
    print_error(Error(ErrorKind::broken, e.what(), "this is a bug: report it with the command that led here"));
    return exit_code_of(ErrorKind::broken);
  }
}

}  // namespace heretix
