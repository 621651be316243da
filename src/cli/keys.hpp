// Keys of providers: from the environment, else from a file of one's own.
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

// The environment wins. Throws Error{not_allowed} for a key file that others may read, bad_input for a damaged one.
FoundKey find_key(const HostedProvider& provider, const Environment& environment);

// Lines NAME=value; # begins a comment. Missing file: empty.
std::map<std::string, std::string> read_key_file(const std::string& path);

// Writes the file whole, mode 0600, in one step.
void write_key_file(const std::string& path, const std::map<std::string, std::string>& keys);

}  // namespace heretix
