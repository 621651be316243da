// Counters, times and gauges for Prometheus, named by its conventions: a metric has one unit, which ends its name, and
// counters end in _total (https://prometheus.io/docs/practices/naming/). The labels are route patterns, methods,
// classes of status and kinds of jobs: a fixed set that clients cannot extend by what they send.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heretix::http {

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Thread-safe.
  void count_request(std::string_view route, int status, std::string_view method, std::chrono::microseconds took);
  void count_job(const std::string& kind, const std::string& outcome, double seconds);
  // What is the case at the time of a scrape.
  struct Now {
    struct Jobs {
      std::string kind, state;
      std::int64_t jobs = 0;
    };
    std::optional<std::size_t> connections{}, streams{};  // empty: this process serves none
    std::optional<std::vector<Jobs>> jobs{};              // empty: the database cannot be reached
    std::size_t spans_dropped = 0;                        // of traces, since the process began
  };
  void set(const Now& now);
  std::string text() const;  // in Prometheus's format

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace heretix::http
