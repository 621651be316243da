// Both sides of a decision for people: the lines that a terminal shows, and the section of a page.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "belief/record/record.hpp"

namespace heretix {

// Name and text, in order: what the claim and its negation got, the yes-bias, the contradictions. Empty for a record
// that was read otherwise.
std::vector<std::pair<std::string, std::string>> decision_lines(const Record& record);

// What is lost because the negations were not asked; empty if they were.
std::string decision_loss(const Record& record);

// The same as HTML, with a row for each wording; empty in the same case.
std::string decision_section(const Record& record);

}  // namespace heretix
