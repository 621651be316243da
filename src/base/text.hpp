// Small questions about text: is it UTF-8, how many code points, what are its words.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heretix {

// The offset of the first byte that breaks UTF-8 (RFC 3629: no overlong forms, no surrogates, at most
// U+10FFFF); empty where all of it is valid.
std::optional<std::size_t> first_invalid_utf8(std::string_view text);

// Code points of valid UTF-8.
std::size_t count_code_points(std::string_view text);

// At most `most` code points of valid UTF-8, with an ellipsis if something was cut.
std::string shortened(std::string_view text, std::size_t most);

struct Replacement {
  std::string_view from;
  std::string_view to;
};

// Every occurrence of `from` replaced by `to` in one pass: what `to` brings in is not searched again.
std::string replaced(std::string_view text, const Replacement& replacement);

// The characters that JSON, YAML and most of our own files treat as white space.
inline constexpr std::string_view kWhiteSpace = " \t\r\n";

// The text without those characters at its ends; by default these are spaces and tabs.
std::string_view trimmed(std::string_view text, std::string_view around = " \t");

// Whether the text holds nothing but white space.
bool is_blank(std::string_view text);

// The parts between separators, empty ones among them; at least one.
std::vector<std::string_view> split(std::string_view text, char separator);

std::string to_lower_ascii(std::string_view text);

// Printable on one line: control characters become \n, \t or \xNN, so that no text can drive a terminal.
std::string on_one_line(std::string_view text);

}  // namespace heretix
