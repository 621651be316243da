// The two scales of belief, kept apart by type so that nobody averages the wrong one.
#pragma once

#include <compare>

namespace heretix {

// A probability in [0, 1]. Constructing one from anything else, NaN included, throws Error{bad_input}.
class Probability {
 public:
  explicit Probability(double value);
  double value() const noexcept { return value_; }
  auto operator<=>(const Probability&) const = default;

 private:
  double value_;
};

// Log-odds, in nats. Always finite: the constructor throws Error{bad_input} for anything else.
class Logit {
 public:
  explicit Logit(double value);
  double value() const noexcept { return value_; }
  auto operator<=>(const Logit&) const = default;

 private:
  double value_;
};

// ln(p / (1 - p)) with p clamped to [1e-6, 1 - 1e-6] first: a model that claims certainty must not
// outvote all the others.
Logit to_logit(Probability p);

// The same for any number, as the golden files have it. NaN throws Error{bad_input}.
Logit to_clamped_logit(double p);

// 1 / (1 + exp(-x)) with x clipped to [-709, 709], where exp() would leave the range of a double.
Probability to_probability(Logit l);

// A closed interval of probabilities, low <= high.
struct Interval {
  Probability low;
  Probability high;
  double width() const { return high.value() - low.value(); }
  bool operator==(const Interval&) const = default;
};

}  // namespace heretix
