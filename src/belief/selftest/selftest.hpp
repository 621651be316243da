// Recomputes numbers made elsewhere, so that anybody can check an installation.
//
// A golden file is JSON with sections of cases. Files and sections are recognised by name. Anything that is not
// recognised is reported and counts as a difference, so that nothing passes without being compared.
#pragma once

#include <string>
#include <vector>

#include "belief/selftest/comparison.hpp"

namespace heretix {

struct FileResult {
  std::string file;
  std::vector<SectionResult> sections;
  std::size_t equal() const;
  std::size_t different() const;
};

// `name`: the file's stem, e.g. "rng". Never throws for what the file holds: a section that cannot be read
// counts as a difference. Thread-safe.
FileResult recompute(const std::string& name, const std::string& json_text);

// Every *.json below `folder`, sorted by name. Throws Error{not_found} for a folder that cannot be read or
// holds none.
std::vector<FileResult> recompute_folder(const std::string& folder);

}  // namespace heretix
