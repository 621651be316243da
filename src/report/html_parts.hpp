// Pieces of the HTML report.
#pragma once

#include <string>
#include <string_view>

#include "belief/record/record.hpp"

namespace heretix::html {

// One self-contained page: no script, no outside request, dark and light. `body` is HTML.
std::string page(const std::string& title, const std::string& body);

std::string estimate_picture(const Record& record);  // SVG, the scale with the interval
std::string forest_picture(const Record& record);    // SVG, a row a template

}  // namespace heretix::html
