#include "cli/guarded_main.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>

#include "base/error.hpp"
#include "cli/exit_code.hpp"
#include "cli/terminal.hpp"

namespace heretix {
namespace {

// CLI11's own words for what is wrong, with our exit code.
int parse_failure(const CLI::App& app, const CLI::ParseError& e) {
  if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
  print_error(Error(ErrorKind::bad_input, e.what(), "heretix --help, or --help behind a command"));
  return exit_code_of(ErrorKind::bad_input);
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

int guarded_main(int count, char** arguments, int (*command)(const CLI::App&, const Options&)) {
  std::signal(SIGPIPE, SIG_IGN);
  Options options;
  const auto app = make_app(options);
  try {
    options.arguments = taken_arguments(count, arguments);
    app->parse(std::vector<std::string>(options.arguments.rbegin(),
                                        options.arguments.rend()));  // CLI11 wants the last one first
    return command(*app, options);
  } catch (const CLI::ParseError& e) { return parse_failure(*app, e); } catch (const Error& e) {
    print_error(e);
    return exit_code_of(e.kind());
  } catch (const std::exception& e) {
    print_error(Error(ErrorKind::broken, e.what(), "this is a bug: report it with the command that led here"));
    return exit_code_of(ErrorKind::broken);
  }
}

}  // namespace heretix
