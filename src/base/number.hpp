// Numbers read from text that comes from outside.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace heretix {

// Reads the whole text as a decimal number, which may have a minus sign. Empty if it is not one, or does not fit.
std::optional<std::int64_t> whole_number(std::string_view text);

}  // namespace heretix
