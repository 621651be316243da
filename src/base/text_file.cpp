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

}  // namespace

TextPlace place_in(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {.line = 1 + static_cast<std::size_t>(std::ranges::count(before, '\n')),
          .column = 1 + count_code_points(before.substr(line_start))};
}

std::string_view utf8_text(std::string_view bytes, const std::string& source) {
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) refuse_utf16(source);
  if (bytes.starts_with(kUtf8Mark)) bytes.remove_prefix(kUtf8Mark.size());

  if (const auto at = first_invalid_utf8(bytes)) {
    const TextPlace place = place_in(bytes, *at);
    throw Error(ErrorKind::bad_input,
                fmt::format("{}:{}:{}: the byte 0x{:02x} is not UTF-8", source, place.line, place.column,
                            static_cast<unsigned char>(bytes[*at])),
                kSaveAsUtf8);
  }

  // Western text in UTF-16 without its mark is valid UTF-8 with a NUL beside each letter.
  if (bytes.substr(0, 4).find('\0') != std::string_view::npos) refuse_utf16(source);
  return bytes;
}

bool has_ending(std::string_view path, std::string_view ending) {
  return to_lower_ascii(path).ends_with(to_lower_ascii(ending));
}

}  // namespace heretix
