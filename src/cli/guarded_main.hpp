// The main function that heretix and heretix-export share: it reads the arguments, reports one error and returns the
// exit code.
#pragma once

#include "cli/options.hpp"

namespace heretix {

// Parses the arguments, calls `command` and prints the error that it throws. Arguments that may hold a password are
// wiped from the title of the process.
int guarded_main(int count, char** arguments, int (*command)(const CLI::App& app, const Options& options));

}  // namespace heretix
