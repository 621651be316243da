#pragma once

#include <string_view>

namespace heretix {

inline constexpr std::string_view kVersion = "0.1.0";  // the same as in CMakeLists.txt; a test compares them

}  // namespace heretix
