// Requests and tokens per minute, as the provider's own headers report them: what was left at the last reply, refilled
// at the rate that its reset implies. Missing, zero or negative numbers are ignored. Pure; the time is passed in.
#pragma once

#include <chrono>
#include <optional>

#include "models/http/headers.hpp"

namespace heretix {

class Pacer {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `in_flight`: requests that the provider may not have counted yet, with `tokens_each` on the average.
  void learn(const Headers& headers, std::size_t in_flight, Time now, std::chrono::system_clock::time_point wall,
             double tokens_each);

  // How many requests of `tokens_each` may be sent now; at most `most`.
  std::size_t room(std::size_t most, Time now, double tokens_each) const;
  Time opens_at(double tokens_each, Time now) const;  // when one may be sent; now where nothing is known
  void on_sent(double tokens);

 private:
  struct Bucket {
    double per_second = 0;  // zero: unknown
    double level = 0;
    double limit = 0;
    Time at{};
    double level_at(Time now) const;
  };
  Bucket requests_, tokens_;
};

}  // namespace heretix
