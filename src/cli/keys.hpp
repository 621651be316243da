// Finds the keys of providers, in the environment or else in a file that only the user can read.
#pragma once

#include <map>
#include <string>

#include "cli/settings.hpp"
#include "models/hosted.hpp"

namespace heretix {

struct FoundKey {
  std::string key;     // empty: none
  std::string source;  // "OPENAI_API_KEY", or the file's path
};

// The environment counts before the file. Throws Error{not_allowed} for a key file that others may read, and
// Error{bad_input} for a damaged one.
FoundKey find_key(const HostedProvider& provider, const Environment& environment);

// Reads lines of the form NAME=value; # begins a comment. Returns nothing if there is no file.
std::map<std::string, std::string> read_key_file(const std::string& path);

// Replaces the whole file in one step, with mode 0600.
void write_key_file(const std::string& path, const std::map<std::string, std::string>& keys);

}  // namespace heretix
