// Counters and times for Prometheus. The labels are route patterns, methods, classes of status and kinds of jobs: a
// fixed set that clients cannot extend by what they send.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

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
  void set(const std::string& gauge, const std::string& label, const std::string& value, double number);
  std::string text() const;  // in Prometheus's format

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace heretix::http
