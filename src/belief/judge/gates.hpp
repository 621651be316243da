// The named conditions that a measurement must meet before anyone should rely on it, its quality score and
// the words for what it says. Every threshold stands here once.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "belief/answer/tally.hpp"
#include "belief/estimate/estimate.hpp"

namespace heretix {

inline constexpr std::string_view kQualityVersion = "v1";
inline constexpr double kStableWidth = 0.20;
inline constexpr double kLikelyTrue = 0.60;
inline constexpr double kLikelyFalse = 0.40;

// What to do where the wordings do not agree, with the command that shows it.
inline constexpr std::string_view kUnstableAdvice =
    "look at the templates that differ (heretix report); the claim may be read in several ways";

enum class Bound { at_least, at_most };
std::string_view to_word(Bound bound);

// One condition, with everything a reader needs to see why it passed or failed. A failed gate is a
// result, not an error: it is stored and shown like any other number.
struct Gate {
  std::string_view name;  // stable: a column name and a JSON key
  std::string_view meaning;
  std::string_view advice;
  Bound bound;
  double limit;
  double observed;
  std::optional<double> honest_observed{};  // where the honest interval fails a limit that the frozen one meets
  std::string detail{};                     // what was counted, and where; may be empty

  bool passed() const { return bound == Bound::at_least ? observed >= limit : observed <= limit; }
};

// Whether it judges the frozen estimate, which people see only for comparison with earlier runs.
bool is_of_frozen_estimate(const Gate& gate);

// Compliance is the share of answers, in [0, 1], that obeyed the answer format. `honest_width` is empty if there is no
// honest interval. `some_were_cut_short` says that some answers ended at their output limit, which changes the advice.
// Order: compliance, stability, precision.
std::vector<Gate> judge(const Estimate& estimate, double compliance, std::optional<double> honest_width,
                        bool some_were_cut_short = false);

// Whether the answers' own labels fit their numbers (docs/answers.md). This gate is not part of the quality score,
// which is frozen. Empty if no answer has a label to judge.
std::optional<Gate> judge_labels(const LabelAgreement& labels);

// Whether the two words of the token readout hold enough of the probability; `mass` is their mean share, in [0, 1].
// What is left went to other words, about which the readout knows nothing. No part of the quality score either.
Gate judge_word_mass(double mass);
inline constexpr std::string_view kWordMassGate = "mass";

// int(100 (0.4 stability + 0.4 (1 - min(width, 0.5) / 0.5) + 0.2 compliance)), truncated: 0 to 100.
int quality_score(double stability, double width, double compliance);

bool is_stable(double width);

enum class Word { likely_false, uncertain, likely_true };
Word word_of(Probability p);
std::string_view to_text(Word word);  // "likely false", …

// "uncertain; the interval reaches into likely true": the text names every threshold that the interval crosses.
std::string verdict_text(Probability p, const std::optional<Interval>& interval);

}  // namespace heretix
