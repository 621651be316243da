// How many retries a provider may get: a fifth of the first attempts sent to it, so that retries cannot turn its
// trouble into a storm; ten are there from the start, so that a short run can retry at all.
#pragma once

namespace heretix {

class RetryAllowance {
 public:
  void on_first_attempt() { tokens_ = tokens_ + kPerFirstAttempt < kMost ? tokens_ + kPerFirstAttempt : kMost; }
  bool has_token() const { return tokens_ >= 1; }
  void spend() { tokens_ -= 1; }

 private:
  static constexpr double kPerFirstAttempt = 0.2;
  static constexpr double kAtStart = 10;
  static constexpr double kMost = 1000;  // saved up
  double tokens_ = kAtStart;
};

}  // namespace heretix
