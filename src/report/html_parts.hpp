// Pieces of the HTML report.
#pragma once

#include <string>
#include <string_view>

#include "belief/record/record.hpp"

namespace heretix::html {

// One self-contained page: no script, no outside request, dark and light. `body` is HTML.
std::string page(const std::string& title, const std::string& body);

// Both pictures are SVG and show belief_v2: the interval as a bar and p as a diamond, of which only the outline is
// drawn where there is no stable belief.
std::string belief_picture(const Record& record);  // on the scale from 0 to 1
std::string forest_picture(const Record& record);  // likewise, below a row for each template

}  // namespace heretix::html
