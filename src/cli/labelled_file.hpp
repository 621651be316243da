// Reads a CSV file of labelled claims. It has the columns `claim` and `label`, and may have `field` and `level`.
#pragma once

#include <string>
#include <vector>

#include "studies/calibrate/certificate.hpp"

namespace heretix {

struct LabelledFile {
  std::vector<LabelledClaim> claims;
  std::string sha256;  // of the file
};

// Whether a label says that its claim is true: true, false, 1, 0, yes, no, in any case. `place` begins the message of
// Error{bad_input} for another word.
bool label_from(const std::string& word, const std::string& place);

// Labels: true, false, 1, 0, yes, no. Throws Error{not_found}, Error{bad_input} naming the line: another label, an
// empty or repeated claim, a claim that is a question unless `allow_question`, a missing column.
LabelledFile read_labelled_file(const std::string& path, bool allow_question);

}  // namespace heretix
