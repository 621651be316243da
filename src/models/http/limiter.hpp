// How many requests may be in flight: finds the provider's limit by itself. Pure; the time is handed in.
//
// Starts at 20 and doubles for each clean round until the first 429; then adds 5 % a clean round, and only while at
// least 80 % of it is in use. A 429 takes a fifth away, once an episode: requests sent before the cut cannot cut again.
// After a cut nothing is sent for a moment, and then as many as were being served, a little more each round.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace heretix {

class Limiter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Limiter(std::size_t most, std::size_t start = 20);

  std::size_t room(std::size_t in_flight, Time now) const;  // how many more may be sent
  Time opens_at() const { return closed_until_; }           // earlier than that there is no room
  std::size_t limit() const { return static_cast<std::size_t>(limit_); }
  std::size_t episodes() const { return episodes_; }

  std::uint64_t on_sent(std::size_t in_flight);  // with it; gives the request its number
  void on_answer(std::uint64_t number);
  // `in_flight`: without it. `wait`: what the provider asked for.
  void on_rate_limited(std::uint64_t number, Time now, std::size_t in_flight, std::chrono::milliseconds wait);
  void on_server_error() { is_clean_ = false; }  // no growth this round

 private:
  void start_round();

  double limit_;
  double most_;
  double window_;  // at most that many right after a cut
  bool met_limit_ = false;
  Time closed_until_{};
  std::uint64_t next_ = 0;
  std::uint64_t episode_from_ = 0;  // requests numbered lower were sent before the last cut
  std::size_t episodes_ = 0;

  std::uint64_t round_from_ = 0;
  std::size_t answered_ = 0;
  std::size_t busiest_ = 0;
  bool is_clean_ = true;
};

}  // namespace heretix
