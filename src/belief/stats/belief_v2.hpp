// `belief_v2`: the probability and the interval that people are shown first.
//
// The frozen estimator reads a written 0 or 1 as log-odds of 13.8 to either side, so that two such answers may outweigh
// all others. Here every answer is read at its own resolution: a written 1 says "at least 0.995". Centre and interval
// over the templates are those of honest_v1 on the values read, without a hull. Formula and measured coverage:
// docs/estimator.md ("belief_v2"). Checked against tests/golden/belief.json. Pure, thread-safe.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/belief.hpp"
#include "belief/stats/honest.hpp"

namespace heretix {

inline constexpr std::string_view kBeliefMethod = "belief_v2";

// One usable answer.
struct NumberRead {
  Probability answered;
  Logit value;  // what it is read as
};

// A probability that a model wrote with so many decimals.
NumberRead read_as_written(Probability written, int decimals);

// The same where only the number was kept: the shortest decimal that reads back as the same double stands for what was
// written.
NumberRead read_as_shortest(Probability kept);

// A probability that nobody rounded, with the clamp of the frozen estimator.
NumberRead read_as_it_is(Probability p);

struct BeliefOptions {
  Level level = Level::p95;
  std::optional<double> scale{};            // in place of c_T: the ladder's constants
  std::optional<KnownRounding> rounding{};  // of a decision
};

struct BeliefV2 {
  std::vector<double> template_values;  // M_k in log-odds, in the order of the groups
  HonestInterval found;                 // without a hull: `bounds->interval` is what people are shown

  Probability p() const { return found.p; }
  std::optional<Interval> interval() const {
    return found.bounds ? std::optional(found.bounds->interval) : std::nullopt;
  }
};

// `groups`: usable answers by template in plan order, none empty. Throws Error{bad_input} for no group or an empty one.
BeliefV2 belief_v2(std::span<const std::vector<NumberRead>> groups, const BeliefOptions& options);

}  // namespace heretix
