// An application whose requests are spans of traces (trace/tracer.hpp). A request that names a trace by a `traceparent`
// header goes on in it; what is done for the request, and the job that it leaves, are below its span.
#pragma once

#include "service/http/server.hpp"

namespace heretix::http {

class TracedApplication final : public Application {
 public:
  explicit TracedApplication(Application& application) : application_(application) {}  // borrowed

  std::optional<UserId> user_of(const ServiceRequest& request) override { return application_.user_of(request); }
  std::size_t most_body(const ServiceRequest& request) override { return application_.most_body(request); }
  // Files and the like, which say nothing in a trace.
  std::optional<ServiceResponse> answer_at_once(const ServiceRequest& request) override {
    return application_.answer_at_once(request);
  }
  ServiceResponse handle(const ServiceRequest& request) override;
  ServiceResponse refused(const ServiceRequest& request, int status, const std::string& reason) override {
    return application_.refused(request, status, reason);
  }
  void tell(const ServiceRequest& request, const ServiceResponse& response, std::chrono::microseconds took) override {
    application_.tell(request, response, took);
  }

 private:
  Application& application_;
};

}  // namespace heretix::http
