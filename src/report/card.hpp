// A card for link previews, mails and other pages: the claim, what was found, and the picture of it. Pure.
#pragma once

#include <string>
#include <vector>

#include "belief/record/record.hpp"

namespace heretix {

// What link previews are cut to.
inline constexpr int kCardWidth = 1200, kCardHeight = 630;
inline constexpr std::size_t kMostOnCard = 6;  // records; of more the first are drawn, and the rest counted

// `records` are of one claim; not empty. One has its number in large, several have a row each over one scale. An SVG
// file with its colours written out (html::standalone_svg).
std::string card_svg(const std::vector<Record>& records);

// What the card says, for those who do not see it.
std::string card_in_words(const std::vector<Record>& records);

}  // namespace heretix
