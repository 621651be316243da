// Which trace a span belongs to, and how that is handed from one process to the next: W3C Trace Context, level 1
// (https://www.w3.org/TR/trace-context/). Pure, but for the random ids.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace heretix::trace {

struct SpanContext {
  std::string trace_id;  // 32 hexadecimal digits in lower case
  std::string span_id;   // 16 of them
  bool is_sampled = true;
  std::string state{};  // the `tracestate` that came with it, as it was
};

// What a `traceparent` header says, with the `tracestate` that came beside it. Empty for a text of any other form,
// which the standard wants to be ignored: a new trace begins then.
std::optional<SpanContext> parse_traceparent(std::string_view text, std::string_view state = {});

// "00-<trace id>-<span id>-01".
std::string traceparent_of(const SpanContext& context);

// The first span of a new trace, and one more span of the trace of `parent`.
SpanContext new_trace();
SpanContext child_of(const SpanContext& parent);

}  // namespace heretix::trace
