#include "belief/claim/claim.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

// Latin, Greek, Arabic, Ethiopic, full-width; with an exclamation mark in one character, and doubled.
constexpr std::array<std::string_view, 9> kQuestionMarks = {"?",      "\u037e", "\u061f", "\u1367", "\uff1f",
                                                            "\u203d", "\u2047", "\u2048", "\u2049"};

// What may stand behind the question mark: white space, exclamation marks, closing quotes and brackets.
constexpr std::array<std::string_view, 38> kBehindQuestionMark = {
    " ",      "\t",     "\r",     "\n",     "\u00a0", "\u2009", "\u202f", "\u200b", "\u200f", "\u3000",
    "!",      "\uff01", "\"",     "'",      "`",      "\u201c", "\u201d", "\u2018", "\u2019", "\u00ab",
    "\u00bb", "\u2039", "\u203a", "\u300d", "\u300f", "\uff02", "\uff07", ")",      "]",      "}",
    ">",      "\uff09", "\uff3d", "\uff5d", "\u3009", "\u300b", "\u3011", "\u3015"};

}  // namespace

std::string Claim::hash() const { return sha256_hex(text); }

Claim parse_claim(const std::string& text) {
  if (is_blank(text)) {
    throw Error(ErrorKind::bad_input, "the claim is empty", "give one statement, e.g. \"Tariffs cause inflation\"");
  }
  if (text.size() > kMaxClaimBytes) {
    throw Error(ErrorKind::bad_input,
                fmt::format("the claim has {} bytes; at most {} are allowed", text.size(), kMaxClaimBytes),
                "ask about one short statement");
  }
  if (const std::size_t at = text.find('\0'); at != std::string::npos) {
    throw Error(ErrorKind::bad_input, fmt::format("the claim contains a NUL character at byte {}", at), "remove it");
  }
  if (const auto at = first_invalid_utf8(text)) {
    throw Error(ErrorKind::bad_input, fmt::format("the claim is not valid UTF-8 at byte {}", *at),
                "save or send it as UTF-8");
  }
  return {text};
}

bool is_only_a_number(std::string_view text) {
  const auto has = [&](std::string_view characters) {
    return text.find_first_of(characters) != std::string_view::npos;
  };
  if (!has("0123456789")) return false;
  if (text.find_first_not_of("0123456789.,'+-% \t\r\n") == std::string_view::npos) return true;

  double value = 0;  // "1e6"
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failed != std::errc::invalid_argument && end == text.data() + text.size();
}

bool is_question(std::string_view text) {
  const auto ends_in = [&](std::string_view ending) { return text.ends_with(ending); };
  for (;;) {
    if (std::ranges::any_of(kQuestionMarks, ends_in)) return true;
    const auto behind = std::ranges::find_if(kBehindQuestionMark, ends_in);
    if (behind == kBehindQuestionMark.end()) return false;
    text.remove_suffix(behind->size());
  }
}

void require_statement(std::string_view text, bool allow_question, std::string_view how_to_allow) {
  if (is_only_a_number(text)) {
    throw Error(ErrorKind::bad_input,
                fmt::format("the claim '{}' is only a number", on_one_line(shortened(trimmed(text), 40))),
                "give one statement, e.g. \"Tariffs cause inflation\"");
  }
  if (allow_question || !is_question(text)) return;
  throw Error(
      ErrorKind::bad_input, "the claim is a question: it ends in a question mark",
      fmt::format("write it as a statement, \"The earth is flat\" for \"Is the earth flat?\"; {}", how_to_allow));
}

}  // namespace heretix
