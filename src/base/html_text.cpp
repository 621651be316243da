#include "base/html_text.hpp"

#include "base/text.hpp"

namespace heretix::html {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto bad = first_invalid_utf8(text.substr(i));
    const std::string_view good = text.substr(i, bad.value_or(std::string_view::npos));
    for (const char c : good) {
      if (c == '&') out += "&amp;";
      else if (c == '<') out += "&lt;";
      else if (c == '>') out += "&gt;";
      else if (c == '"') out += "&quot;";
      else if (c == '\'') out += "&#39;";
      else if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') out += kReplacement;
      else out += c;
    }
    if (!bad) break;
    out += kReplacement;
    i += *bad;
  }
  return out;
}

}  // namespace heretix::html
