// Makes advice that can be followed as it is printed. A command in it must read the store that was used, but a hint
// from deep inside the program says "heretix answers RUN" and does not know that --db named another file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "cli/option_groups.hpp"

namespace heretix {

// Quotes a text so that a shell takes it for one word; a text that already is one stays unchanged.
std::string shell_word(std::string_view text);

// Returns the command that was given, as it can be typed again. Addresses are shown without their secrets.
std::string same_command(const std::vector<std::string>& arguments);

// Puts `flag` behind the name of each command in `advice` that reads a store, unless it is there already.
std::string with_store(const std::string& advice, const std::string& flag);
Error with_store(const Error& error, const std::string& flag);

// Returns the flag that names what this command read or wrote: --database for a command that reads, else what
// store_flag() says. Returns nothing if the configuration file cannot be read, because then the error is about that.
std::string store_flag_of(const CommonOptions& options);

}  // namespace heretix
