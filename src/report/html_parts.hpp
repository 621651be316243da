// Pieces of the HTML report.
#pragma once

#include <string>
#include <string_view>

#include "belief/record/record.hpp"

namespace heretix::html {

// One self-contained page: no script, no outside request, dark and light. `body` is HTML. `notice` stands
// above it in a panel of its own, on paper too, and the title says it too; empty: there is none.
std::string page(const std::string& title, const std::string& body, std::string_view notice = {});

// Both pictures are SVG and show belief_v2: the interval as a bar and p as a diamond, of which only the outline is
// drawn where there is no stable belief.
std::string belief_picture(const Record& record);  // on the scale from 0 to 1
std::string forest_picture(const Record& record);  // likewise, below a row for each template

}  // namespace heretix::html
