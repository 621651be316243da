// The trace of whoever asked for a check, carried in its job from the process that takes it in to the worker that runs
// it.
#pragma once

#include <optional>
#include <string>

#include "trace/span_context.hpp"

namespace heretix {

// The payload of a job, a JSON object, with the span that is under way on this thread; as it is where there is none.
std::string with_current_trace(std::string payload);

// Empty if the payload names none, as where traces were off.
std::optional<trace::SpanContext> trace_of_job(const std::string& payload);

}  // namespace heretix
