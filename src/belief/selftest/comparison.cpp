#include "belief/selftest/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace heretix {
namespace {

constexpr unsigned long long kProbabilityUlps = 2;

// Maps doubles to integers so that neighbours differ by one.
std::int64_t ordered(double x) {
  const auto bits = std::bit_cast<std::int64_t>(x);
  return bits >= 0 ? bits : std::numeric_limits<std::int64_t>::min() - bits;
}

std::string told(const std::string& place, double computed, double expected) {
  return fmt::format("{}: computed {}, expected {}", place, computed, expected);
}

}  // namespace

unsigned long long ulps_between(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<unsigned long long>::max();
  const std::int64_t x = ordered(a);
  const std::int64_t y = ordered(b);
  return x > y ? static_cast<std::uint64_t>(x) - static_cast<std::uint64_t>(y)
               : static_cast<std::uint64_t>(y) - static_cast<std::uint64_t>(x);
}

void Comparison::note(bool equal, const std::string& place) {
  if (equal) {
    ++result_.equal;
    return;
  }
  ++result_.different;
  if (result_.first_differences.size() < kDifferencesNamed) result_.first_differences.push_back(place);
}

void Comparison::same_bits(const std::string& place, double computed, double expected) {
  note(std::bit_cast<std::uint64_t>(computed) == std::bit_cast<std::uint64_t>(expected),
       told(place, computed, expected));
}

void Comparison::within_ulps(const std::string& place, double computed, double expected) {
  note(ulps_between(computed, expected) <= kProbabilityUlps, told(place, computed, expected));
}

void Comparison::within(const std::string& place, double computed, double expected, double bound) {
  const double distance = std::abs(computed - expected);
  note(distance <= bound * std::max(1.0, std::abs(expected)), told(place, computed, expected));
}

}  // namespace heretix
