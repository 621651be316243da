// Runs another program to its end: bytes go in, bytes come out.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace heretix {

struct ChildLimits {
  std::size_t most_output;       // bytes
  std::chrono::seconds longest;  // the program is ended after that
};

// What the program wrote on standard output. `command` is its path or its name on PATH, and its arguments; no shell is
// involved. Its standard error goes where this process's does. It gets PATH and TMPDIR of the environment and nothing
// else, because that may hold keys. May be called from several threads. Throws
// Error{not_found} if there is no such program, Error{unavailable} if it fails, takes too long or writes too much.
std::string output_of(const std::vector<std::string>& command, std::string_view input, const ChildLimits& limits);

}  // namespace heretix
