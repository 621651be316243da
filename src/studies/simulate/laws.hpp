// Laws of what a wording adds to a belief, in log-odds, and rounding as models answer.
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

// One draw, of standard scale: normal and t3 plain, exponential of mean 1, contaminated normal with one in ten of
// three times the spread.
double draw(Law law, Rng& rng);

// What the trimmed centre of n draws aims at: the law's mean with the same share left out at each end.
double trimmed_aim(Law law, std::size_t n);

double normal_draw(Rng& rng);

// The nearest step of the grid; 0: unrounded.
double rounded(double p, double grid);

// Answers of n templates, one each, to a claim believed at `center` (log-odds), rounded.
std::vector<std::vector<Probability>> drawn_answers(Law law, std::size_t n, double center, double spread, double grid,
                                                    Rng& rng);

}  // namespace heretix
