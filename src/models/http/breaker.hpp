// Stops asking a provider that keeps failing. It opens after ten failures in a row, or if half of the last twenty
// within 30 s failed; then one question every 10 s finds out whether the provider is back. Rate limits do not count as
// failures. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>

namespace heretix {

class Breaker {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void on_success(Time now);
  void on_failure(Time now, bool is_probe);
  void on_probe_sent(Time now) { next_probe_ = now + kProbeEvery; }

  bool is_open() const { return open_; }
  Time probes_at() const { return next_probe_; }
  bool has_given_up() const { return failed_probes_ >= kProbes; }  // the last three probes failed

  static constexpr std::chrono::seconds kProbeEvery{10};
  static constexpr std::size_t kProbes = 3;

 private:
  struct Outcome {
    Time at;
    bool failed;
  };
  void remember(Time now, bool failed);

  std::deque<Outcome> recent_;
  std::size_t in_a_row_ = 0;
  std::size_t failed_probes_ = 0;
  bool open_ = false;
  Time next_probe_{};
};

}  // namespace heretix
