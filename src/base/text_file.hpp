// The text of a file that a person made: what it must be before anything in it is read, and where in it something is.
#pragma once

#include <string>
#include <string_view>

namespace heretix {

// Both count from 1; the column in characters.
struct TextPlace {
  std::size_t line = 1;
  std::size_t column = 1;
};

// Of the byte at `offset`, or of the end where the text is shorter. Lines end with \n. Pure.
TextPlace place_in(std::string_view text, std::size_t offset);

// The text behind its byte order mark, a part of `bytes`. `source` names the file. Pure.
// Throws Error{bad_input} for UTF-16, and for what is not UTF-8 with its line and column: a file in another encoding is
// never guessed at, because a claim that was read wrongly would be measured.
std::string_view utf8_text(std::string_view bytes, const std::string& source);

// "name.CSV" has the ending ".csv": upper and lower case of letters are the same.
bool has_ending(std::string_view path, std::string_view ending);

}  // namespace heretix
