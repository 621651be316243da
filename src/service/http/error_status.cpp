#include "service/http/error_status.hpp"

namespace heretix::http {

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_input: return 422;
    case ErrorKind::not_found: return 404;
    case ErrorKind::not_allowed: return 403;
    case ErrorKind::limit_reached: return 402;
    case ErrorKind::too_many: return 429;
    case ErrorKind::conflict: return 409;
    case ErrorKind::too_large: return 413;
    case ErrorKind::unavailable:
    case ErrorKind::stopped: return 503;
    case ErrorKind::in_doubt:
    case ErrorKind::broken: return 500;
  }
  return 500;
}

}  // namespace heretix::http
