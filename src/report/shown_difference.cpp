#include "report/shown_difference.hpp"

#include <fmt/format.h>

#include <cmath>

namespace heretix {

double shown_difference(double a, double b, double steps) {
  return (std::round(a * steps) - std::round(b * steps)) / steps;
}

std::string difference_text(double a, double b, const CenteredInterval& i) {
  const double shown = shown_difference(a, b, kThousandths);
  return i.low ? fmt::format("{:+.3f} [{:+.3f}, {:+.3f}]", shown, *i.low, *i.high) : fmt::format("{:+.3f}", shown);
}

}  // namespace heretix
