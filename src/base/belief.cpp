#include "base/belief.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace heretix {
namespace {

constexpr double kEdge = 1e-6;  // how close to certainty an answer may count
constexpr double kMaxExponent = 709.0;

}  // namespace

Probability::Probability(double value) : value_(value) {
  if (!(value >= 0.0 && value <= 1.0)) {  // written so that NaN fails too
    throw Error(ErrorKind::bad_input, fmt::format("{} is not a probability", value), "give a number from 0 to 1");
  }
}

Logit::Logit(double value) : value_(value) {
  if (!std::isfinite(value)) { throw Error(ErrorKind::bad_input, fmt::format("{} is not a finite log-odds", value)); }
}

Logit to_logit(Probability p) { return to_clamped_logit(p.value()); }

Logit to_clamped_logit(double p) {
  const double clamped = std::clamp(p, kEdge, 1.0 - kEdge);
  return Logit{std::log(clamped / (1.0 - clamped))};
}

Probability to_probability(Logit l) {
  const double clipped = std::clamp(l.value(), -kMaxExponent, kMaxExponent);
  return Probability{1.0 / (1.0 + std::exp(-clipped))};
}

}  // namespace heretix
