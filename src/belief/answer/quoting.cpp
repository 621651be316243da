#include "belief/answer/quoting.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"

namespace heretix {
namespace {

constexpr std::string_view kSpace = " \t\r";
constexpr std::string_view kFormatting = " \t\r`*_";  // of Markdown: says nothing about who speaks

using Marks = std::pair<std::string_view, std::string_view>;
constexpr std::array<Marks, 9> kQuotationMarks = {
    {{"\"", "\""}, {"'", "'"}, {"“", "”"}, {"„", "“"}, {"‘", "’"}, {"«", "»"}, {"»", "«"}, {"「", "」"}, {"『", "』"}}};

// A sentence ends there, or something else that the object does not belong to.
constexpr std::string_view kBreaks = ".,:;!?=>-)]}";
constexpr std::array<std::string_view, 6> kWideBreaks = {"：", "。", "，", "；", "！", "？"};

constexpr int kMostLeadingWords = 1;    // "Answer {…}"
constexpr int kMostFollowingWords = 1;  // "so {…} end"

std::string_view without_trailing(std::string_view text, std::string_view characters) {
  return text.substr(0, text.find_last_not_of(characters) + 1);
}

std::string_view without_leading(std::string_view text, std::string_view characters) {
  return text.substr(std::min(text.find_first_not_of(characters), text.size()));
}

// What is said behind the object: the rest of its line, or the line below where nothing is.
std::string_view said_behind(std::string_view below) {
  std::string_view after = without_leading(below, kFormatting);
  if (after.starts_with('\n')) after = without_leading(after.substr(1), kFormatting);
  return after.substr(0, std::min(after.find('\n'), after.size()));
}

bool is_plain_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// The three bytes of most Chinese, Japanese and Korean characters begin so; their words have no spaces between them.
bool begins_wide_character(char c) { return static_cast<unsigned char>(c) >= 0xE3; }

int count_words(std::string_view text) {
  int words = 0;
  bool in_word = false;
  for (const char c : text) {
    const bool is_part = is_plain_letter(c) || static_cast<unsigned char>(c) >= 0x80;
    if (begins_wide_character(c) || (is_part && !in_word)) ++words;
    in_word = is_part;
  }
  return words;
}

// The words that lead directly into the object: those after the last break of the line.
int leading_words(std::string_view before) {
  std::size_t from = before.find_last_of(kBreaks);
  from = from == std::string_view::npos ? 0 : from + 1;
  for (const std::string_view wide : kWideBreaks) {
    const std::size_t at = before.rfind(wide);
    if (at != std::string_view::npos) from = std::max(from, at + wide.size());
  }
  return count_words(before.substr(from));
}

bool ends_with_break(std::string_view before) {
  return kBreaks.find(before.back()) != std::string_view::npos ||
         std::ranges::any_of(kWideBreaks, [&](std::string_view wide) { return before.ends_with(wide); });
}

// A sentence that began before the object goes on behind it.
bool goes_on(std::string_view after) {
  if (after.empty()) return false;
  const bool begins_with_break =
      std::ranges::any_of(kWideBreaks, [&](std::string_view wide) { return after.starts_with(wide); });
  const bool begins_small = (after[0] >= 'a' && after[0] <= 'z') || after[0] == ',' || after[0] == ';';
  const bool begins_wide = begins_wide_character(after[0]) && !begins_with_break;
  return (begins_small || begins_wide) && count_words(after) > kMostFollowingWords;
}

}  // namespace

bool is_quoted(std::string_view text, std::string_view object) {
  const auto begin = static_cast<std::size_t>(object.data() - text.data());
  std::string_view above = text.substr(0, begin);
  std::string_view below = text.substr(begin + object.size());
  const std::size_t line_begin = above.find_last_of('\n') + 1;  // 0 where there is no line above
  std::string_view before = without_trailing(above.substr(line_begin), kFormatting);
  const std::string_view after = said_behind(below);

  for (const auto& [open, close] : kQuotationMarks) {
    if (!before.ends_with(open) || !after.starts_with(close)) continue;
    above = above.substr(0, line_begin + before.size() - open.size());
    below = below.substr(static_cast<std::size_t>(after.data() + close.size() - below.data()));
    return !is_blank(above) || !is_blank(below);
  }

  const std::string_view line = without_leading(before, kSpace);
  const bool is_quoted_line = line.starts_with('>');
  if (is_quoted_line) return !is_blank(above.substr(0, line_begin)) || !is_blank(below);

  if (is_blank(above)) return false;
  if (goes_on(after)) return true;

  before = without_leading(before, kFormatting);
  return !before.empty() && !ends_with_break(before) && leading_words(before) > kMostLeadingWords;
}

}  // namespace heretix
