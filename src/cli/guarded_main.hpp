// The main function that heretix and heretix-export share: it reads the arguments, reports one error and returns the
// exit code.
#pragma once

#include <string_view>

#include "cli/command_table.hpp"

namespace heretix {

// Has the commands registered, at least those that the first argument names, parses the arguments, runs the command and
// prints the error that it throws. Arguments that may hold a password are wiped from the title of the process.
int guarded_main(int count, char** arguments,
                 void (*register_commands)(CommandTable& table, std::string_view first_argument));

}  // namespace heretix
