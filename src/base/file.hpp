// A file's whole content.
#pragma once

#include <optional>
#include <string>

namespace heretix {

// Empty where it cannot be read, or is a folder. What that means is the caller's to say.
std::optional<std::string> content_of_file(const std::string& path);

}  // namespace heretix
