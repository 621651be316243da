// A record as one self-contained HTML file: no script, no outside request, dark and light.
#pragma once

#include <string>
#include <vector>

#include "belief/record/record.hpp"

namespace heretix {

// Everything that came from outside (claim, wordings, answers, model names) is escaped.
std::string report_html(const Record& record);

// Several on one page: a table side by side, each in full below.
std::string report_html(const std::vector<Record>& records);

}  // namespace heretix
