#include "models/http/times.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <string>

namespace heretix {
namespace {

using std::chrono::milliseconds;

constexpr double kDay = 86'400'000;               // in milliseconds
constexpr double kMostMilliseconds = 400 * kDay;  // a month's limit is named by its day

// Reads decimal digits with at most one point: no sign, no exponent, no NaN.
std::optional<double> plain_number(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (failed == std::errc::result_out_of_range) return kMostMilliseconds;
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

milliseconds bounded(double count) { return milliseconds(std::llround(std::ceil(std::min(count, kMostMilliseconds)))); }

milliseconds until(std::tm parts, SystemTime now) {
  // Computed as plain numbers, because the system clock's own type ends in the year 2262, and a header's date need not.
  const double at = std::chrono::duration<double, std::milli>(now.time_since_epoch()).count();
  return bounded(std::max(0.0, static_cast<double>(::timegm(&parts)) * 1000 - at));
}

std::optional<milliseconds> until_http_date(const std::string& text, SystemTime now) {
  for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    std::tm parts{};
    const char* end = ::strptime(text.c_str(), form, &parts);
    if (end != nullptr && *end == '\0') return until(parts, now);
  }
  return std::nullopt;
}

}  // namespace

std::optional<milliseconds> retry_after(const Headers& headers, SystemTime now) {
  for (const char* name : {"retry-after-ms", "llm_provider-retry-after-ms"}) {
    if (const auto count = plain_number(headers.value(name))) return bounded(*count);
  }
  for (const char* name : {"retry-after", "llm_provider-retry-after"}) {
    const std::string text(headers.value(name));
    if (const auto seconds = plain_number(text)) return bounded(*seconds * 1000);
    if (const auto wait = until_http_date(text, now)) return wait;
  }
  return std::nullopt;
}

std::optional<milliseconds> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double milliseconds;
  };

  // "ms" comes before "m", which it begins with.
  constexpr std::array kUnits = {Unit{"ms", 1}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1000}};

  if (text.empty()) return std::nullopt;

  double total = 0;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto number = plain_number(text.substr(0, digits));
    text.remove_prefix(digits);

    const Unit* unit = nullptr;
    for (const Unit& u : kUnits) {
      if (unit == nullptr && text.starts_with(u.name)) unit = &u;
    }

    if (!number || unit == nullptr) return std::nullopt;
    total += *number * unit->milliseconds;
    text.remove_prefix(unit->name.size());
  }

  return bounded(total);
}

std::optional<milliseconds> until_rfc3339(std::string_view text, SystemTime now) {
  const std::string copy(text);
  std::tm parts{};
  const char* end = ::strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (end == nullptr) return std::nullopt;
  if (*end == '.')
    end += std::min(std::string_view(end + 1).find_first_not_of("0123456789"), std::string_view(end + 1).size()) + 1;
  const std::string_view zone(end);
  if (zone != "Z" && zone != "+00:00") return std::nullopt;
  return std::min(until(parts, now), milliseconds(static_cast<std::int64_t>(kDay)));
}

}  // namespace heretix
