#include "belief/stats/ladder.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/word_table.hpp"
#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

constexpr std::array<double, 3> kScales = {2.67, 2.45, 2.39};
constexpr std::array<double, 3> kAnyStopScales = {3.00, 2.72, 2.64};
constexpr WordTable<LadderStop, 4> kStopWords({{LadderStop::target_met, "target_met"},
                                               {LadderStop::limited_by_wording, "limited_by_wording"},
                                               {LadderStop::last_rung, "last_rung"},
                                               {LadderStop::templates_spent, "templates_spent"}});

std::vector<std::vector<NumberRead>> usable_among(std::span<const std::optional<NumberRead>> answers) {
  std::vector<std::vector<NumberRead>> groups;
  for (const auto& answer : answers) {
    if (answer) groups.push_back({*answer});
  }
  return groups;
}

std::vector<std::vector<Probability>> as_answered(std::span<const std::vector<NumberRead>> groups) {
  std::vector<std::vector<Probability>> answered;
  for (const auto& group : groups) answered.push_back({group.front().answered});
  return answered;
}

// How many of the first answers hold `wanted` usable ones; empty: too few.
std::optional<std::size_t> asked_for(std::span<const std::optional<NumberRead>> answers, std::size_t wanted) {
  std::size_t usable = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i]) ++usable;
    if (usable == wanted) return i + 1;
  }
  return std::nullopt;
}

Rung rung_of(int size, std::span<const std::optional<NumberRead>> asked, bool complete, const LadderTerms& terms) {
  const auto groups = usable_among(asked);
  const double scale = complete ? ladder_scale(size) : any_stop_scale(groups.size());
  const auto rounding = terms.rounding ? terms.rounding(asked.size()) : std::nullopt;
  return {.size = size,
          .asked = asked.size(),
          .honest = honest_interval(
              as_answered(groups), {.level = Level::p95, .frozen = std::nullopt, .scale = scale, .rounding = rounding}),
          .belief = belief_v2(groups, {.level = Level::p95, .scale = scale, .rounding = rounding})};
}

// Whether templates of this spread could not meet the target even on the last rung. With one answer each, what
// replicates add to the spread cannot be told apart, so none of it is taken away.
bool wording_forbids(const HonestInterval& found, double target) {
  const double half = ladder_scale(kLadderRungs.back()) * found.bounds->spread_logit / std::sqrt(kLadderRungs.back());
  const double center = found.center.value();
  return sigmoid(center + half) - sigmoid(center - half) > target;
}

std::optional<LadderStop> stop_after(const Rung& rung, const LadderTerms& terms) {
  const HonestInterval& found = rung.judged_by(terms.rule);
  if (found.bounds->interval.width() <= terms.target) return LadderStop::target_met;
  if (wording_forbids(found, terms.target)) return LadderStop::limited_by_wording;
  if (rung.size == kLadderRungs.back()) return LadderStop::last_rung;
  return std::nullopt;
}

}  // namespace

std::string_view to_word(LadderStop stop) { return kStopWords.word(stop); }

double ladder_scale(int rung) {
  const auto place = std::ranges::find(kLadderRungs, rung);
  if (place == kLadderRungs.end()) throw std::logic_error("no such rung");
  return kScales[static_cast<std::size_t>(place - kLadderRungs.begin())];
}

double any_stop_scale(std::size_t templates) {
  if (templates < 2) return 0.0;  // no interval
  double scale = kAnyStopScales.front();
  for (std::size_t i = 0; i < kLadderRungs.size(); ++i) {
    if (templates >= static_cast<std::size_t>(kLadderRungs[i])) scale = kAnyStopScales[i];
  }
  return std::max(scale, honest_scale(Level::p95, templates));
}

Climb climb(std::span<const std::optional<NumberRead>> answers, std::size_t available, const LadderTerms& terms) {
  Climb found;
  for (const int size : kLadderRungs) {
    const auto wanted = static_cast<std::size_t>(size);
    const auto asked = asked_for(answers, wanted);
    if (!asked && answers.size() < available) {
      found.to_ask = std::min(available, answers.size() + wanted - usable_among(answers).size());
      return found;
    }
    found.to_ask = asked.value_or(answers.size());
    found.rungs.push_back(rung_of(size, answers.first(found.to_ask), asked.has_value(), terms));
    found.stop = asked ? stop_after(found.rungs.back(), terms) : LadderStop::templates_spent;
    if (found.stop) return found;
  }
  return found;
}

}  // namespace heretix
