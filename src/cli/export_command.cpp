#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/resources.hpp"

namespace heretix {

// Arrow costs every start 6 ms and 11 MB, so what needs it is a program of its own.
int export_command(const Options& options) {
  const std::string program = export_program();
  std::vector<std::string> arguments{program};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  ::execv(program.c_str(), pointers.data());
  throw Error(ErrorKind::not_found, fmt::format("cannot start {}: {}", program, std::strerror(errno)),
              "it is built and installed beside heretix (make build)");
}

}  // namespace heretix
