// Sampling until precise: more and more templates, one answer each, until the interval is narrow enough.
//
// Looking at an interval and going on if it is too wide makes it cover less than it says; the constants of each rung
// make up for that. Rungs, target and the order of templates are fixed before the first question. Formula, constants
// and measured coverage: docs/ladder.md; checked against tests/golden/honest.json (section ladder). Pure, thread-safe.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "belief/plan/recipe.hpp"
#include "belief/stats/belief_v2.hpp"
#include "belief/stats/honest.hpp"

namespace heretix {

inline constexpr std::string_view kLadderMethod = "honest_v1_ladder_8_12_16";
inline constexpr std::string_view kBeliefLadderMethod = "belief_v2_ladder_8_12_16";
inline constexpr std::array<int, 3> kLadderRungs = {8, 12, 16};  // templates with a usable answer
inline constexpr double kDefaultTarget = 0.20;                   // width, in probability

enum class LadderStop {
  target_met,          // the interval is as narrow as asked
  limited_by_wording,  // the spread between templates alone forbids the target on the last rung
  last_rung,
  templates_spent,  // too many answers were unusable: no template is left to complete a rung
};
std::string_view to_word(LadderStop stop);

struct Rung {
  int size;               // templates wanted
  std::size_t asked;      // to get them
  HonestInterval honest;  // of those that were usable; without hull
  BeliefV2 belief;        // likewise

  // What decides whether it goes on.
  const HonestInterval& judged_by(LadderRule rule) const {
    return rule == LadderRule::belief_v2 ? belief.found : honest;
  }
};

struct Climb {
  std::vector<Rung> rungs;         // those reached
  std::size_t to_ask = 0;          // templates to have asked before it can go on
  std::optional<LadderStop> stop;  // empty: it goes on
};

// How the first n answers were rounded, where that is known. A rung is judged by its own answers only, so that those
// of later ones never change where it stopped.
using RoundingOfFirst = std::function<std::optional<KnownRounding>(std::size_t n)>;

// What a ladder goes by.
struct LadderTerms {
  double target;  // width, in probability
  LadderRule rule = LadderRule::belief_v2;
  RoundingOfFirst rounding{};  // empty: nothing is known
};

// `answers` are those of the templates asked so far, in the order of the plan, each empty if the answer was unusable.
// `available` is how many templates there are. Throws Error{bad_input} if all templates were asked and not one answer
// is usable.
Climb climb(std::span<const std::optional<NumberRead>> answers, std::size_t available, const LadderTerms& terms);

// The constants that replace c_T: for a rung that was completed, and for a run that had to stop for a reason of its
// own.
double ladder_scale(int rung);
double any_stop_scale(std::size_t templates);

}  // namespace heretix
