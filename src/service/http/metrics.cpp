#include "service/http/metrics.hpp"

#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>

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
                                                         .Name("heretix_http_request_duration_seconds")
                                                         .Help("From the whole request to the response written")
                                                         .Register(registry);
  prometheus::Family<prometheus::Counter>& jobs = prometheus::BuildCounter()
                                                      .Name("heretix_jobs_total")
                                                      .Help("Jobs that this process ran, by kind and outcome")
                                                      .Register(registry);
  prometheus::Family<prometheus::Histogram>& job_times =
      prometheus::BuildHistogram().Name("heretix_job_duration_seconds").Help("How long a job ran").Register(registry);
  prometheus::Family<prometheus::Gauge>& connections =
      prometheus::BuildGauge().Name("heretix_http_connections").Help("Open connections of the API").Register(registry);
  prometheus::Family<prometheus::Gauge>& streams = prometheus::BuildGauge()
                                                       .Name("heretix_http_streams")
                                                       .Help("Open connections of the API that stream events")
                                                       .Register(registry);
  prometheus::Family<prometheus::Gauge>& database_up = prometheus::BuildGauge()
                                                           .Name("heretix_database_up")
                                                           .Help("Whether the database could be reached, 1 or 0")
                                                           .Register(registry);
  prometheus::Family<prometheus::Gauge>& queued = prometheus::BuildGauge()
                                                      .Name("heretix_queue_jobs")
                                                      .Help("Jobs in the queue of all processes, by kind and state")
                                                      .Register(registry);
  std::map<std::pair<std::string, std::string>, prometheus::Gauge*> known_jobs;  // by kind and state
  prometheus::Counter& spans_dropped = prometheus::BuildCounter()
                                           .Name("heretix_trace_spans_dropped_total")
                                           .Help("Spans of traces that did not reach the collector")
                                           .Register(registry)
                                           .Add({});
  std::mutex mutex;  // of what set() changes
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

void Metrics::set(const Now& now) {
  const std::lock_guard lock(state_->mutex);
  if (now.connections) state_->connections.Add({}).Set(static_cast<double>(*now.connections));
  if (now.streams) state_->streams.Add({}).Set(static_cast<double>(*now.streams));
  state_->database_up.Add({}).Set(now.jobs ? 1 : 0);

  const double more = static_cast<double>(now.spans_dropped) - state_->spans_dropped.Value();
  if (more > 0) state_->spans_dropped.Increment(more);

  // A state that no job is in any more is not counted by the queue.
  for (const auto& [labels, gauge] : state_->known_jobs) gauge->Set(0);
  if (!now.jobs) return;
  for (const Now::Jobs& count : *now.jobs) {
    prometheus::Gauge& gauge = state_->queued.Add({{"kind", count.kind}, {"state", count.state}});
    gauge.Set(static_cast<double>(count.jobs));
    state_->known_jobs[{count.kind, count.state}] = &gauge;
  }
}

std::string Metrics::text() const { return prometheus::TextSerializer().Serialize(state_->registry.Collect()); }

}  // namespace heretix::http
