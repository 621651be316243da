// The text of a file that a person made: what is required of it before anything in it is read, and the place of
// something in it.
#pragma once

#include <istream>
#include <string>
#include <string_view>

namespace heretix {

// What a file holds, and the name that messages give it.
struct NamedText {
  std::string name;
  std::string text;
};

// Both count from 1; the column in characters.
struct TextPlace {
  std::size_t line = 1;
  std::size_t column = 1;
};

// The place of the byte at `offset`, or of the end if the text is shorter. Lines end with \n. Pure.
TextPlace place_in(std::string_view text, std::size_t offset);

// The text after its byte order mark, as a part of `bytes`. `source` names the file. Pure. Throws Error{bad_input} for
// UTF-16, for Parquet and workbooks, and, with its line and column, for what is not UTF-8. The encoding of a file is
// never guessed, because a claim that was read wrongly would be measured.
std::string_view utf8_text(std::string_view bytes, const std::string& source);

// Requires the same of a file that is read piece by piece, from its beginning to its end. Returns how many bytes its
// mark takes.
std::size_t require_utf8(std::istream& file, const std::string& source);

// "name.CSV" has the ending ".csv": the case of letters does not matter.
bool has_ending(std::string_view path, std::string_view ending);

}  // namespace heretix
