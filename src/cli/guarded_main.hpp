// What heretix and heretix-export have in common: arguments in, one error out, an exit code.
#pragma once

#include "cli/options.hpp"

namespace heretix {

// Parses, calls `command`, prints what it throws. Arguments that may hold a password are wiped from the process's
// title.
int guarded_main(int count, char** arguments, int (*command)(const CLI::App& app, const Options& options));

}  // namespace heretix
