// The label that an answer puts beside its number, and whether the two fit.
#pragma once

#include <optional>
#include <string_view>

#include "base/belief.hpp"

namespace heretix {

// Each of the five labels covers a fifth of the scale; a number fits if it lies in that fifth or in one next to it. So
// "very_unlikely" fits up to 0.40, "unlikely" up to 0.60, "uncertain" from 0.20 to 0.80, "likely" from 0.40 and
// "very_likely" from 0.60, limits included. The label may be written in any case, with spaces or hyphens for the
// underscore. Empty for any other word, which says nothing about the number.
std::optional<bool> label_fits(std::string_view label, Probability p);

}  // namespace heretix
