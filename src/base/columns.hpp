// How much room a text takes in a terminal, and texts broken so that they fit one.
//
// Characters of East Asian scripts and emoji take two columns, combining marks and the escape sequences of colours take
// none. Lines are broken at blanks, and a word that is longer than a line anywhere; but addresses, paths, ids and
// hashes stay whole, so that they can still be copied. Texts are valid UTF-8. Pure, thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace heretix {

// The narrowest terminal that texts are fitted to; a narrower one breaks lines by itself.
inline constexpr std::size_t kLeastColumns = 60;

// Columns that a text on one line takes.
std::size_t display_width(std::string_view text);

// The text with blanks behind it until it is that wide; unchanged if it is wider.
std::string padded_to(std::string_view text, std::size_t columns);

// The text in at most so many columns, with an ellipsis if something was cut.
std::string cut_to(std::string_view text, std::size_t columns);

// The words of a text in lines of at most so many columns; one empty line for an empty text.
std::vector<std::string> wrapped(std::string_view text, std::size_t columns);

// The text with every line that is longer than `columns` broken. The rest of such a line stands below its last cell
// where that leaves room, cells being two blanks or more apart, else below its beginning.
std::string fitted(std::string_view text, std::size_t columns);

}  // namespace heretix
