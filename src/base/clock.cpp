#include "base/clock.hpp"

#include <fmt/chrono.h>

#include <ctime>
#include <regex>

namespace heretix {

std::string utc_day(std::int64_t unix_seconds) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(unix_seconds)));
}

bool is_day(const std::string& text) {
  static const std::regex form("([0-9]{4})-([0-9]{2})-([0-9]{2})");
  std::smatch parts;
  if (!std::regex_match(text, parts, form)) return false;
  const auto number = [&](std::size_t part) { return static_cast<unsigned>(std::stoul(parts[part])); };
  const std::chrono::year year(static_cast<int>(number(1)));
  return (year / std::chrono::month(number(2)) / std::chrono::day(number(3))).ok();
}

}  // namespace heretix
