// The comparison of stored measurements: for the command, and for an assistant (heretix mcp).
#pragma once

#include <string>
#include <vector>

#include "cli/option_groups.hpp"
#include "studies/compare/difference.hpp"

namespace heretix {

struct CompareOptions : CommonOptions {
  std::vector<std::string> sides;
  std::string claims;  // a file
  bool strict = false;
};

struct StoredComparison {
  Differences differences;
  bool is_mock = false;  // of mock numbers
};

// `claims`: only these; empty means all that both sides have. Throws Error{bad_input, not_found}, and what
// open_for_reading() throws.
StoredComparison compare_stored(const CompareOptions& options, const std::vector<std::string>& claims);

}  // namespace heretix
