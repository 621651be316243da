#include "cli/exit_code.hpp"

#include <stdexcept>

namespace heretix {

// The one place where an Error becomes an exit code.
int exit_code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_input:
    case ErrorKind::too_large: return 2;
    case ErrorKind::not_found: return 3;
    case ErrorKind::not_allowed:
    case ErrorKind::limit_reached: return 4;
    case ErrorKind::unavailable:
    case ErrorKind::too_many:
    case ErrorKind::conflict: return 5;
    case ErrorKind::in_doubt: return 6;
    case ErrorKind::stopped: return 7;
    case ErrorKind::broken: return 70;
  }
  throw std::logic_error("an ErrorKind without an exit code");
}

}  // namespace heretix
