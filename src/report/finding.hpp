// One sentence that states what was found, as it stands on the page, in link previews and on cards. Pure.
#pragma once

#include <string>

#include "belief/record/shown_belief.hpp"

namespace heretix {

// A probability as the page prints it: "70 %"; close to the ends with a decimal, "99.5 %".
std::string percent_text(double p);

// "between 60 % and 75 %"; empty without an interval.
std::string range_text(const ShownBelief& belief);

// "openai/gpt-5 gives it 70 %, between 60 % and 75 %." Of no stable belief it says that.
std::string finding_of(const std::string& model, const ShownBelief& belief);

}  // namespace heretix
