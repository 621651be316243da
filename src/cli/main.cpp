#include <CLI/CLI.hpp>

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
    {"run", run_command},       {"describe", describe_command}, {"batch", batch_command},   {"list", list_command},
    {"show", show_command},     {"answers", answers_command},   {"report", report_command}, {"verify", verify_command},
    {"models", models_command}, {"selftest", selftest_command},
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

int guarded_main(int count, char** arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  Options options;
  const auto app = make_app(options);
  try {
    app->parse(count, arguments);
    const std::string name = app->get_subcommands().front()->get_name();
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
