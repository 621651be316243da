// Says what is wrong with the arguments of a command line, in our words: CLI11's own name an option by another spelling
// than the one that was typed, and send everybody to the same general help.
#pragma once

#include <exception>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace CLI {
class App;
}

namespace heretix {

// `fault` is what `root` threw when it parsed `arguments`. Passwords in addresses are not repeated.
Error usage_error(const CLI::App& root, const std::exception& fault, const std::vector<std::string>& arguments);

}  // namespace heretix
