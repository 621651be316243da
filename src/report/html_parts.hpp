// Pieces of the HTML report: escaping and pictures.
#pragma once

#include <string>
#include <string_view>

#include "record/record.hpp"

namespace heretix::html {

// Safe as element text and inside double-quoted attributes. Bytes that are no UTF-8 or no printable text become U+FFFD.
std::string escaped(std::string_view text);

// One self-contained page: no script, no outside request, dark and light. `body` is HTML.
std::string page(const std::string& title, const std::string& body);

std::string estimate_picture(const Record& record);  // SVG, the scale with the interval
std::string forest_picture(const Record& record);    // SVG, a row a template

}  // namespace heretix::html
