// A check as a span of a trace, with its questions below it (trace/tracer.hpp). Where traces are off, the check is run
// as it is.
#pragma once

#include "measure/run_check.hpp"

namespace heretix {

// run_check() as a span, below the current one of this thread. It holds what was planned, what came out and what it
// cost; the text of the claim only where the operator wants it.
Record run_traced_check(const PlannedCheck& check, const CheckPorts& ports);

}  // namespace heretix
