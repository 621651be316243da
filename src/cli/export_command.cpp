#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/export_options.hpp"
#include "cli/resources.hpp"

namespace heretix {
namespace {

int export_command(const ExportCommandOptions& options) {
  const std::string program = export_program();
  std::vector<std::string> arguments{program};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  ::execv(program.c_str(), pointers.data());
  throw Error(ErrorKind::not_found, fmt::format("cannot start {}: {}", program, std::strerror(errno)),
              "it is built and installed next to heretix (make build)");
}

}  // namespace

void register_export(CommandTable& table) { register_export(table, export_command); }

}  // namespace heretix
