// Months of the Gregorian calendar in UTC: the folders of the dataset.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace heretix {

inline constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

// Rows without a time have the month "unknown", which comes before all others.
class Month {
 public:
  static Month unknown() { return Month(std::numeric_limits<int>::min()); }
  static Month of_micros(std::int64_t micros_since_1970);
  // "YYYY-MM" or "unknown". Throws Error{bad_input} naming `what`.
  static Month parse(std::string_view text, const char* what);

  std::string text() const;
  std::int64_t first_micro() const;  // of the unknown month: the smallest number
  Month next() const;
  auto operator<=>(const Month&) const = default;

 private:
  explicit Month(int number) : number_(number) {}
  int number_;  // months since January of year 0
};

// Whether the time lies in the years 1 to 9999, which every reader of the dataset can hold.
bool is_representable(std::int64_t micros_since_1970);

}  // namespace heretix
