// Sends spans to a collector, on a thread of its own. Whoever hands over a span never waits and never fails: where the
// collector is away, slow or refuses, spans are dropped and counted.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "trace/span_data.hpp"

namespace heretix::trace {

struct ExporterSettings {
  std::string address;                 // of the traces: "http://127.0.0.1:4318/v1/traces"
  std::vector<std::string> headers{};  // "Name: value"
  Attributes resource{};
  std::chrono::milliseconds timeout{10'000};  // of one request
  std::chrono::milliseconds delay{5'000};     // for which spans wait for others
  std::size_t most_waiting = 2048;            // spans; further ones are dropped
  std::size_t most_in_request = 512;
  std::string ca_file{};  // trusted certificates instead of the system's
};

struct SendingReport {
  std::size_t sent = 0;
  std::size_t dropped = 0;
  std::string why{};  // the last reason, with `dropped`
};

class Exporter {
 public:
  explicit Exporter(ExporterSettings settings);
  ~Exporter();  // drops what waits
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  // From any thread.
  void add(SpanData span);

  // Sends what waits, for that long at most, and ends. What a collector refuses now is not sent again. To be called
  // once.
  SendingReport finish(std::chrono::milliseconds patience);

  std::size_t dropped() const;  // so far

 private:
  using Steady = std::chrono::steady_clock;
  class Connection;

  void run();
  std::vector<SpanData> next_batch();
  void send(Connection& connection, const std::vector<SpanData>& batch);
  bool pause(std::chrono::milliseconds time);
  bool has_ended_by(Steady::time_point now) const;
  void count_dropped(std::size_t spans, const std::string& why);

  ExporterSettings settings_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<SpanData> waiting_;
  std::optional<Steady::time_point> oldest_;  // since when the first of `waiting_` waits
  std::optional<Steady::time_point> end_;     // when to give up; empty: finish() was not called
  bool gives_up_ = false;                     // the collector refused while this object ends
  SendingReport report_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace heretix::trace
