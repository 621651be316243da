#include "service/routes/traced_application.hpp"

#include <fmt/format.h>

#include "trace/tracer.hpp"

namespace heretix::http {
namespace {

// A method that clients make up would make names without end.
std::string known_method(const std::string& method) {
  for (const char* known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    if (method == known) return method;
  }
  return "_OTHER";
}

}  // namespace

// A path may hold a link that signs somebody in, so only its pattern is told.
ServiceResponse TracedApplication::handle(const ServiceRequest& request) {
  if (trace::tracer() == nullptr) return application_.handle(request);

  const std::string method = known_method(request.method);
  const std::string name = method == "_OTHER" ? "HTTP" : method;
  trace::Span span(name, trace::SpanKind::server,
                   trace::parse_traceparent(request.header("traceparent"), request.header("tracestate")));
  const trace::Current here(span.context());
  ServiceResponse response = application_.handle(request);
  if (!span.is_kept()) return response;

  span.set("http.request.method", method);
  span.set("http.response.status_code", std::int64_t{response.status});
  span.set("url.scheme", "http");
  span.set("heretix.request.id", request.id);
  if (!response.route.empty()) {
    span.rename(fmt::format("{} {}", name, response.route));
    span.set("http.route", std::string(response.route));
  }
  if (response.status >= 500) span.fail(std::to_string(response.status));
  return response;
}

}  // namespace heretix::http
