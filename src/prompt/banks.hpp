// The banks of one directory, each found by its file's stem or by its own version.
#pragma once

#include <string>
#include <vector>

#include "prompt/bank.hpp"

namespace heretix {

class PromptBanks {
 public:
  explicit PromptBanks(std::string directory) : directory_(std::move(directory)) {}

  // Throws Error{not_found} naming what there is, Error{bad_input} where the bank is malformed.
  PromptBank get(const std::string& name) const;

  std::vector<std::string> names() const;  // file stems, sorted
  const std::string& directory() const { return directory_; }

 private:
  std::string path_of(const std::string& stem) const;

  std::string directory_;
};

}  // namespace heretix
