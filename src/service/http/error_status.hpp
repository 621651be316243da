// The HTTP status of an error of the product, in this one place.
#pragma once

#include "base/error.hpp"

namespace heretix::http {

// Pure. not_allowed is 403; what asks for a sign-in instead (401) is for the route to say.
// Clients of System One try 5xx and 429 again, and nothing else.
int status_of(ErrorKind kind);

}  // namespace heretix::http
