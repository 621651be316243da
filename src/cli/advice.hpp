// Advice that can be followed as it is printed. What it names of the store must read the store that was used: a hint
// that comes from deep inside says "heretix answers RUN" and does not know that --db named another file.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "cli/options.hpp"

namespace heretix {

// As a shell takes it for one word; unchanged where it already is one.
std::string shell_word(std::string_view text);

// "--db FILE" where a command without it would read another store, else nothing.
std::string store_flag(const std::string& database_path);

// The commands in `advice` that read a store get `flag` behind their name, unless they have it.
std::string with_store(const std::string& advice, const std::string& flag);
Error with_store(const Error& error, const std::string& flag);

// The flag that says what this command read or wrote: --database of a command that reads, else as store_flag() says.
// Nothing where the configuration file cannot be read; that is what the error is about then.
std::string store_flag_of(const Options& options, bool reads_database);

}  // namespace heretix
