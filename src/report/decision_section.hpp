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

// What is lost where the negations were not asked; else empty.
std::string decision_loss(const Record& record);

// The same with a row for each wording, as HTML; empty likewise.
std::string decision_section(const Record& record);

}  // namespace heretix
