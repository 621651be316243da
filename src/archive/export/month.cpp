#include "archive/export/month.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

#include "base/error.hpp"

namespace heretix {
namespace {

constexpr std::int64_t first_day(int year, unsigned month) {
  return std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) / 1).time_since_epoch().count();
}

}  // namespace

Month Month::of_micros(std::int64_t micros) {
  const std::int64_t day = micros / kMicrosPerDay - (micros % kMicrosPerDay < 0 ? 1 : 0);
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  return Month(static_cast<int>(date.year()) * 12 + static_cast<int>(static_cast<unsigned>(date.month())) - 1);
}

Month Month::parse(std::string_view text, const char* what) {
  if (text == "unknown") return unknown();
  int year = 0, month = 0;
  const char* end = text.data() + text.size();
  const bool shaped = text.size() == 7 && text[4] == '-' &&
                      std::from_chars(text.data(), text.data() + 4, year).ptr == text.data() + 4 &&
                      std::from_chars(text.data() + 5, end, month).ptr == end;
  if (!shaped || year < 1 || month < 1 || month > 12)
    throw Error(ErrorKind::bad_input, fmt::format("{} is '{}'; it must be a month", what, text), "e.g. 2026-11");
  return Month(year * 12 + month - 1);
}

std::string Month::text() const {
  return *this == unknown() ? "unknown" : fmt::format("{:04}-{:02}", number_ / 12, number_ % 12 + 1);
}

std::int64_t Month::first_micro() const {
  if (*this == unknown()) return std::numeric_limits<std::int64_t>::min();
  return first_day(number_ / 12, static_cast<unsigned>(number_ % 12 + 1)) * kMicrosPerDay;
}

Month Month::next() const { return *this == unknown() ? Month(12) : Month(number_ + 1); }

bool is_representable(std::int64_t micros) {
  return micros >= first_day(1, 1) * kMicrosPerDay && micros < first_day(10000, 1) * kMicrosPerDay;
}

}  // namespace heretix
