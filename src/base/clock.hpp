// Time is passed in: code that needs it takes a Clock, and tests pass one that they set by hand.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace heretix {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::chrono::system_clock::time_point now() const = 0;     // UTC
  virtual std::chrono::steady_clock::time_point steady() const = 0;  // for durations only
};

class SystemClock final : public Clock {
 public:
  std::chrono::system_clock::time_point now() const override { return std::chrono::system_clock::now(); }
  std::chrono::steady_clock::time_point steady() const override { return std::chrono::steady_clock::now(); }
};

inline std::int64_t unix_seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}
inline std::int64_t unix_micros(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
}

// "2026-11-23", in UTC.
std::string utc_day(std::int64_t unix_seconds);

// Whether the text is a date of the calendar in that form.
bool is_day(const std::string& text);

}  // namespace heretix
