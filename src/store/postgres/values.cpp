#include "store/postgres/values.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>

#include "base/error.hpp"
#include "store/postgres/libpq.hpp"

namespace heretix {
namespace {

template <class Number>
Value number_from(const char* text) {
  const std::string_view view(text);
  Number value{};
  const auto [end, failed] = std::from_chars(view.data(), view.data() + view.size(), value);
  if (failed != std::errc{})
    throw Error(ErrorKind::broken, fmt::format("the database returned '{}' where a number was expected", view));
  return value;
}

std::string bytes_from(const char* text) {
  std::size_t size = 0;
  const std::unique_ptr<unsigned char, LibpqDeleter> bytes(
      PQunescapeBytea(reinterpret_cast<const unsigned char*>(text), &size));
  return bytes ? std::string(reinterpret_cast<const char*>(bytes.get()), size) : std::string{};
}

// Converts "2026-11-23 09:30:00.5+01:30", which is in the session's time zone: behind a pooler nobody may set that.
std::string in_utc(const char* text) {
  using namespace std::chrono;

  // Most servers already write UTC; then only the digits of the second are filled up.
  const std::string_view given(text);
  if (given.size() >= 22 && given.ends_with("+00") && (given[19] == '.' || given.size() == 22))
    return fmt::format("{}.{:0<6}", given.substr(0, 19), given.substr(19, given.size() - 22).substr(given[19] == '.'));

  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, read = 0;
  if (std::sscanf(text, "%d-%d-%d %d:%d:%d%n", &year, &month, &day, &hour, &minute, &second, &read) != 6)
    throw Error(ErrorKind::broken, fmt::format("the database returned '{}' where a time was expected", text),
                "set its DateStyle to ISO");

  const char* rest = text + read;
  int micros = 0, digits = 0;
  for (rest += *rest == '.'; *rest >= '0' && *rest <= '9'; ++rest, ++digits) micros = micros * 10 + (*rest - '0');
  for (; digits < 6; ++digits) micros *= 10;

  int offset_hours = 0, offset_minutes = 0, offset_seconds = 0;  // historical local mean time has all three
  std::sscanf(rest, "%d:%d:%d", &offset_hours, &offset_minutes, &offset_seconds);
  // The minutes and seconds of an offset take the sign of its hours.
  const auto below_hours = minutes(offset_minutes) + seconds(offset_seconds);
  const auto offset = hours(offset_hours) + (*rest == '-' ? -below_hours : below_hours);

  const auto date = std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(month)) /
                    std::chrono::day(static_cast<unsigned>(day));
  const auto utc = sys_days(date) + hours(hour) + minutes(minute) + seconds(second) - offset;
  return fmt::format("{:%Y-%m-%d %H:%M:%S}.{:06}", fmt::gmtime(std::time_t{utc.time_since_epoch().count()}), micros);
}

}  // namespace

std::int64_t whole_number_from(const char* text) { return std::get<std::int64_t>(number_from<std::int64_t>(text)); }

// Type numbers are fixed in Postgres (catalog/pg_type.dat).
Value value_of(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) != 0) return std::monostate{};
  const char* text = PQgetvalue(result, row, column);
  switch (PQftype(result, column)) {
    case 16: return std::int64_t{*text == 't'};  // bool
    case 17: return bytes_from(text);            // bytea
    case 20:
    case 21:
    case 23:
    case 26: return number_from<std::int64_t>(text);  // int8, int2, int4, oid
    case 700:
    case 701: return number_from<double>(text);  // float4, float8
    case 1184: return in_utc(text);              // timestamptz
    default: return std::string(text, static_cast<std::size_t>(PQgetlength(result, row, column)));
  }
}

}  // namespace heretix
