#include "base/clock.hpp"

#include <fmt/chrono.h>

#include <ctime>

namespace heretix {

std::string utc_day(std::int64_t unix_seconds) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(unix_seconds)));
}

}  // namespace heretix
