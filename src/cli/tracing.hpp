// Traces as the operator sets them up: OpenTelemetry's own variables, and one flag (docs/observability.md).
#pragma once

#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "trace/tracer.hpp"

namespace CLI {
class App;
}  // namespace CLI

namespace heretix {

struct TraceOptions {
  bool shows_claims = false;
};

void add_tracing(CLI::App& command, TraceOptions& o);

// The variables that say how traces are sent, by name, as far as they are set. Read in cli/settings.cpp, as all
// variables are.
using TraceVariables = std::map<std::string, std::string, std::less<>>;
TraceVariables read_trace_variables();

// What they mean. Empty: traces are off. Throws Error{bad_input} naming the variable that cannot be used.
std::optional<trace::TracerSettings> trace_settings(const TraceVariables& variables, bool shows_claims,
                                                    std::string ca_file);

// The traces of a command, from its start to its end. At its end, what waits is sent, for a short time, and what did
// not reach the collector is told.
class CommandTrace {
 public:
  // `name`: of a span over all of the command, "heretix run", below the TRACEPARENT that was given. Empty: there is
  // none, because each request and each job of a service is a trace of its own.
  CommandTrace(const TraceOptions& options, std::string_view name);
  ~CommandTrace();
  CommandTrace(const CommandTrace&) = delete;
  CommandTrace& operator=(const CommandTrace&) = delete;

  trace::Span& span() { return span_; }

 private:
  trace::Tracer* tracer_ = nullptr;  // owned by `tracing_`; null: traces are off
  std::string address_;
  int exceptions_ = std::uncaught_exceptions();  // when the command began
  std::optional<trace::Tracing> tracing_;
  trace::Span span_;
  std::optional<trace::Current> current_;
};

}  // namespace heretix
