#include "base/columns.hpp"

#include <wchar.h>

#include <algorithm>
#include <clocale>
#include <optional>

#include "base/text.hpp"

namespace heretix {
namespace {

constexpr std::size_t kLeastCell = 24;  // columns that the last cell of a line needs to be continued below itself

// The C library's table of widths belongs to a locale, and to one that is always there.
class WidthTable {
 public:
  WidthTable() : locale_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {}

  std::size_t of(char32_t character) const {
    if (locale_ == nullptr) return 1;
    const locale_t before = uselocale(locale_);
    const int width = wcwidth(static_cast<wchar_t>(character));
    uselocale(before);
    return width < 0 ? 0 : static_cast<std::size_t>(width);
  }

 private:
  locale_t locale_;
};

std::size_t width_of(char32_t character) {
  static const WidthTable table;
  return character < 0x7f ? 1 : table.of(character);
}

// One character, or one escape sequence of a colour.
struct Piece {
  std::string_view bytes;
  std::size_t width;
};

Piece first_piece(std::string_view text) {
  if (text.starts_with("\x1b[")) {
    const std::size_t end = text.find_first_of("ABCDEFGHJKSTfhlmnsu", 2);
    return {text.substr(0, end == std::string_view::npos ? text.size() : end + 1), 0};
  }

  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  std::size_t length = byte(0) < 0x80 ? 1 : byte(0) < 0xe0 ? 2 : byte(0) < 0xf0 ? 3 : 4;
  length = std::min(length, text.size());
  char32_t character = length == 1 ? byte(0) : byte(0) & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) character = character << 6 | (byte(i) & 0x3fU);
  return {text.substr(0, length), width_of(character)};
}

// A word with the blanks before it.
struct Word {
  std::size_t blanks;
  std::string_view text;
  std::size_t width;
};

std::vector<Word> words_of(std::string_view line) {
  std::vector<Word> words;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t begin = std::min(line.find_first_not_of(' ', at), line.size());
    const std::size_t end = std::min(line.find(' ', begin), line.size());
    if (begin < end) words.push_back({begin - at, line.substr(begin, end - begin), 0});
    if (begin < end) words.back().width = display_width(words.back().text);
    at = end;
  }
  return words;
}

// Addresses, paths, ids and hashes: nobody could copy them in parts.
bool is_unbreakable(std::string_view word) {
  constexpr std::size_t kShortestHash = 16;
  if (word.find_first_of("{}[]\"<>") != std::string_view::npos) return false;
  if (word.find('/') != std::string_view::npos) return true;
  for (const std::string_view id : {"heretix-", "exec-", "probe-"}) {
    if (word.find(id) != std::string_view::npos) return true;
  }
  return word.size() >= kShortestHash && word.find_first_not_of("0123456789abcdef-.,:;)(") == std::string_view::npos;
}

// Where a word may end that is too long for a line, so that its beginning takes at most `columns`: before a wide
// character anywhere, else only if the word has no room on a line of its own. Empty if it has to stay whole.
std::optional<std::size_t> break_in(std::string_view word, std::size_t columns, bool has_own_line) {
  std::size_t width = 0, at = 0;
  while (at < word.size()) {
    const Piece piece = first_piece(word.substr(at));
    if (width + piece.width > columns) break;
    width += piece.width;
    at += piece.bytes.size();
  }
  if (at == 0 || at == word.size()) return std::nullopt;
  const bool is_wide = first_piece(word.substr(at)).width == 2;
  return is_wide || (has_own_line && !is_unbreakable(word)) ? std::optional(at) : std::nullopt;
}

// Where the rest of a line begins that does not fit.
std::size_t hanging_indent(const std::vector<Word>& words, std::size_t columns) {
  const std::size_t first = words.front().blanks;
  const bool has_name = words.front().text.ends_with(':');
  std::size_t indent = first == 0 || has_name ? first + 2 : first;

  std::size_t column = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    column += words[i].blanks;
    if (i > 0 && words[i].blanks > 1 && column + kLeastCell <= columns) indent = column;
    column += words[i].width;
  }
  return indent + kLeastCell <= columns ? indent : std::min<std::size_t>(first, 2);
}

std::string fitted_line(std::string_view line, std::size_t columns) {
  std::vector<Word> words = words_of(line);
  const std::size_t indent = hanging_indent(words, columns);

  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    Word word = words[i];
    const bool fits = column + word.blanks + word.width <= columns;
    if (!fits && i > 0) {
      const std::size_t room = columns > word.width ? columns - word.width : 0;
      out += "\n";
      column = 0;
      word.blanks = std::min(indent, std::max<std::size_t>(room, 2));
    }

    out += std::string(word.blanks, ' ');
    column += word.blanks;

    while (column + word.width > columns) {
      const auto end =
          break_in(word.text, columns - std::min(column, columns), column == word.blanks || column == indent);
      if (!end) break;
      out += std::string(word.text.substr(0, *end)) + "\n" + std::string(indent, ' ');
      word.text.remove_prefix(*end);
      word.width = display_width(word.text);
      column = indent;
    }

    out += word.text;
    column += word.width;
  }
  return out;
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Piece piece = first_piece(text);
    width += piece.width;
    text.remove_prefix(piece.bytes.size());
  }
  return width;
}

std::string padded_to(std::string_view text, std::size_t columns) {
  const std::size_t width = display_width(text);
  return std::string(text) + std::string(columns > width ? columns - width : 0, ' ');
}

std::string cut_to(std::string_view text, std::size_t columns) {
  if (display_width(text) <= columns) return std::string(text);
  std::size_t width = 0, end = 0;
  while (end < text.size()) {
    const Piece piece = first_piece(text.substr(end));
    if (width + piece.width + 1 > columns) break;
    width += piece.width;
    end += piece.bytes.size();
  }
  return std::string(text.substr(0, end)) + "…";
}

std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines(1);
  std::size_t column = 0;
  for (Word word : words_of(text)) {
    const std::size_t gap = lines.back().empty() ? 0 : 1;
    if (gap > 0 && column + gap + word.width > columns) {
      lines.emplace_back();
      column = 0;
    } else {
      lines.back() += std::string(gap, ' ');
      column += gap;
    }

    while (column + word.width > columns) {
      const auto end = break_in(word.text, columns - std::min(column, columns), column == 0);
      if (!end) break;
      lines.back() += word.text.substr(0, *end);
      word.text.remove_prefix(*end);
      word.width = display_width(word.text);
      lines.emplace_back();
      column = 0;
    }

    lines.back() += word.text;
    column += word.width;
  }
  return lines;
}

std::string fitted(std::string_view text, std::size_t columns) {
  std::string out;
  bool is_first = true;
  for (const std::string_view line : split(text, '\n')) {
    if (!is_first) out += "\n";
    is_first = false;
    if (display_width(line) <= columns || is_blank(line)) out += line;
    else out += fitted_line(line, columns);
  }
  return out;
}

}  // namespace heretix
