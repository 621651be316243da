#include "service/http/metrics.hpp"

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace heretix::http {
namespace {

const prometheus::Histogram::BucketBoundaries kSeconds = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30};
const prometheus::Histogram::BucketBoundaries kJobSeconds = {0.01, 0.1, 1, 5, 15, 60, 300, 1800};

std::string known_method(std::string_view method) {
  for (const std::string_view known : {"GET", "HEAD", "POST", "DELETE"}) {
    if (method == known) return std::string(method);
  }
  return "other";
}

}  // namespace

struct Metrics::State {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests = prometheus::BuildCounter()
                                                          .Name("heretix_http_requests_total")
                                                          .Help("Requests by route, method and class of status")
                                                          .Register(registry);
  prometheus::Family<prometheus::Histogram>& times = prometheus::BuildHistogram()
                                                         .Name("heretix_http_request_seconds")
                                                         .Help("From the whole request to the response written")
                                                         .Register(registry);
  prometheus::Family<prometheus::Counter>& jobs = prometheus::BuildCounter()
                                                      .Name("heretix_jobs_total")
                                                      .Help("Jobs that this process ran, by kind and outcome")
                                                      .Register(registry);
  prometheus::Family<prometheus::Histogram>& job_times =
      prometheus::BuildHistogram().Name("heretix_job_seconds").Help("How long a job ran").Register(registry);
  prometheus::Family<prometheus::Gauge>& gauges =
      prometheus::BuildGauge().Name("heretix_state").Help("Connections, streams and jobs by state").Register(registry);
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

void Metrics::count_request(std::string_view route, int status, std::string_view method,
                            std::chrono::microseconds took) {
  const std::string path(route);
  state_->requests
      .Add({{"route", path}, {"method", known_method(method)}, {"status", fmt::format("{}xx", status / 100)}})
      .Increment();
  state_->times.Add({{"route", path}}, kSeconds).Observe(std::chrono::duration<double>(took).count());
}

void Metrics::count_job(const std::string& kind, const std::string& outcome, double seconds) {
  state_->jobs.Add({{"kind", kind}, {"outcome", outcome}}).Increment();
  state_->job_times.Add({{"kind", kind}}, kJobSeconds).Observe(seconds);
}

void Metrics::set(const std::string& gauge, const std::string& label, const std::string& value, double number) {
  state_->gauges.Add({{"what", gauge}, {label, value}}).Set(number);
}

std::string Metrics::text() const { return prometheus::TextSerializer().Serialize(state_->registry.Collect()); }

}  // namespace heretix::http
