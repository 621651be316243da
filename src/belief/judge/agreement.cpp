#include "belief/judge/agreement.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "belief/judge/gates.hpp"
#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

// A value is made of logarithms, so that of a wording that answered 0.60 may lie below it in its last digits.
constexpr double kTolerance = 1e-9;

}  // namespace

bool says_true(double value) { return sigmoid(value) >= kLikelyTrue - kTolerance; }
bool says_false(double value) { return sigmoid(value) <= kLikelyFalse + kTolerance; }

Agreement agreement_of(const BeliefV2& belief) {
  std::vector<double> sorted = belief.template_values;
  std::ranges::sort(sorted);
  const auto count = [&](bool (*says)(double)) {
    return static_cast<std::size_t>(std::ranges::count_if(sorted, says));
  };

  Agreement found{.say_true = count(says_true), .say_false = count(says_false)};
  found.undecided = sorted.size() - found.say_true - found.say_false;

  // The outermost of those that the centre is made of.
  const double lowest = sorted[belief.found.trimmed];
  const double highest = sorted[sorted.size() - 1 - belief.found.trimmed];
  found.is_split = says_false(lowest) && says_true(highest);

  if (const auto interval = belief.interval()) found.is_stable = !found.is_split && interval->width() <= kWidestStable;
  return found;
}

std::string no_stable_belief(const Agreement& agreement) {
  std::string text = fmt::format("No stable belief: {} wording{} true, {} say{} false", agreement.say_true,
                                 agreement.say_true == 1 ? " says" : "s say", agreement.say_false,
                                 agreement.say_false == 1 ? "s" : "");
  if (agreement.undecided > 0)
    text += fmt::format(", {} {} undecided", agreement.undecided, agreement.undecided == 1 ? "is" : "are");
  return text;
}

}  // namespace heretix
