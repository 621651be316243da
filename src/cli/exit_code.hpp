// The exit codes, one table (docs/commands.md).
#pragma once

#include "base/error.hpp"

namespace heretix {

inline constexpr int kDone = 0;
inline constexpr int kDifference = 1;  // a difference, a failed verification, a failed gate under --strict

int exit_code_of(ErrorKind kind);

}  // namespace heretix
