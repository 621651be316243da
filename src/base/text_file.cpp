#include "base/text_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";
constexpr const char* kSaveAsUtf8 = "save the file as UTF-8; Excel calls that \"CSV UTF-8 (Comma delimited)\"";

[[noreturn]] void refuse_utf16(const std::string& source) {
  throw Error(ErrorKind::bad_input, fmt::format("{}: the file is UTF-16, not UTF-8", source),
              fmt::format("{}, and \"Unicode Text\" is UTF-16", kSaveAsUtf8));
}

// Files that people give by mistake where a text is wanted, by how they begin.
void refuse_other_formats(std::string_view bytes, const std::string& source) {
  const auto refuse = [&](const char* what, const char* hint) {
    throw Error(ErrorKind::bad_input, fmt::format("{}: the file is {}, not text", source, what), hint);
  };
  if (bytes.starts_with("PAR1")) refuse("Parquet", "save its rows as CSV or JSON lines in UTF-8");
  if (bytes.starts_with("PK\x03\x04")) refuse("an Excel workbook or another ZIP archive", kSaveAsUtf8);
}

bool is_marked_utf16(std::string_view bytes) { return bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF"); }

// Western text in UTF-16 without its mark is valid UTF-8 with a NUL beside each letter.
bool looks_like_utf16(std::string_view bytes) { return bytes.substr(0, 4).find('\0') != std::string_view::npos; }

// `first_line`: the number of the line on which `bytes` begin.
void require_valid(std::string_view bytes, const std::string& source, std::size_t first_line) {
  const auto at = first_invalid_utf8(bytes);
  if (!at) return;
  const TextPlace place = place_in(bytes, *at);
  throw Error(ErrorKind::bad_input,
              fmt::format("{}:{}:{}: the byte 0x{:02x} is not UTF-8", source, first_line + place.line - 1, place.column,
                          static_cast<unsigned char>(bytes[*at])),
              kSaveAsUtf8);
}

}  // namespace

TextPlace place_in(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {.line = 1 + static_cast<std::size_t>(std::ranges::count(before, '\n')),
          .column = 1 + count_code_points(before.substr(line_start))};
}

std::string_view utf8_text(std::string_view bytes, const std::string& source) {
  refuse_other_formats(bytes, source);
  if (is_marked_utf16(bytes)) refuse_utf16(source);
  if (bytes.starts_with(kUtf8Mark)) bytes.remove_prefix(kUtf8Mark.size());

  require_valid(bytes, source, 1);
  if (looks_like_utf16(bytes)) refuse_utf16(source);
  return bytes;
}

std::size_t require_utf8(std::istream& file, const std::string& source) {
  std::size_t mark = 0, number = 0;
  for (std::string line; std::getline(file, line);) {
    std::string_view bytes = line;
    if (++number == 1) {
      refuse_other_formats(bytes, source);
      if (is_marked_utf16(bytes)) refuse_utf16(source);
      mark = bytes.starts_with(kUtf8Mark) ? kUtf8Mark.size() : 0;
      bytes.remove_prefix(mark);
    }
    require_valid(bytes, source, number);
    if (number == 1 && looks_like_utf16(bytes)) refuse_utf16(source);
  }
  return mark;
}

bool has_ending(std::string_view path, std::string_view ending) {
  return to_lower_ascii(path).ends_with(to_lower_ascii(ending));
}

}  // namespace heretix
