// The laws of what a wording adds to a belief, in log-odds, and the rounding with which models answer.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "base/belief.hpp"
#include "belief/estimate/rng.hpp"

namespace heretix {

enum class Law { normal, t3, exponential, contaminated };
inline constexpr std::array kLaws = {Law::normal, Law::t3, Law::exponential, Law::contaminated};
std::string_view to_word(Law law);

// One draw of standard scale. Normal and t3 are plain, the exponential has mean 1, and the contaminated normal has
// three times the spread in one draw out of ten.
double draw(Law law, Rng& rng);

// The share of its draws that lie below x.
double share_below(Law law, double x);

// What the trimmed centre of n draws aims at: the mean of the law with the same share left out at each end.
double trimmed_aim(Law law, std::size_t n);

double normal_draw(Rng& rng);

// The nearest step of the grid; a grid of 0 leaves p unrounded.
double rounded(double p, double grid);

// The rounded answers of n templates, one each, to a claim that is believed at `center` (log-odds).
std::vector<std::vector<Probability>> drawn_answers(std::size_t n, Law law, double center, double spread, double grid,
                                                    Rng& rng);

}  // namespace heretix
