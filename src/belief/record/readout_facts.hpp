// What a record's answers were read off, over its templates: from the texts of the answers alone. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "belief/record/record.hpp"

namespace heretix {

// {"kind": …} and, by kind, the words' mass, the samples, the open mass and the noise of one written answer, or both
// sides of the statements with the yes-bias.
nlohmann::json readout_facts(const Record& record);

// The same in a line for people.
std::string readout_in_words(const Record& record);

}  // namespace heretix
