#include "service/checks/job_trace.hpp"

#include <nlohmann/json.hpp>

#include "trace/tracer.hpp"

namespace heretix {
namespace {

constexpr const char* kTraceParent = "traceparent";
constexpr const char* kTraceState = "tracestate";

}  // namespace

std::string with_current_trace(std::string payload) {
  const auto here = trace::current();
  if (!here) return payload;
  auto text = nlohmann::json::parse(payload);
  text[kTraceParent] = trace::traceparent_of(*here);
  if (!here->state.empty()) text[kTraceState] = here->state;
  return text.dump();
}

std::optional<trace::SpanContext> trace_of_job(const std::string& payload) {
  const auto text = nlohmann::json::parse(payload, nullptr, false);
  if (!text.is_object()) return std::nullopt;
  const auto word = [&](const char* name) {
    const auto found = text.find(name);
    return found != text.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  return trace::parse_traceparent(word(kTraceParent), word(kTraceState));
}

}  // namespace heretix
