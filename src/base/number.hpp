// Numbers as text from outside.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace heretix {

// The whole text as a decimal number, a minus sign allowed; empty where it is none or does not fit.
std::optional<std::int64_t> whole_number(std::string_view text);

}  // namespace heretix
