#include "prompt/banks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "base/error.hpp"

namespace heretix {
namespace fs = std::filesystem;

std::string PromptBanks::path_of(const std::string& stem) const {
  const fs::path yaml = fs::path(directory_) / (stem + ".yaml");
  return fs::exists(yaml) ? yaml.string() : (fs::path(directory_) / (stem + ".yml")).string();
}

std::vector<std::string> PromptBanks::names() const {
  std::error_code failed;
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory_, failed)) {
    const std::string suffix = entry.path().extension();
    if (suffix == ".yaml" || suffix == ".yml") names.push_back(entry.path().stem());
  }
  if (failed) {
    throw Error(ErrorKind::not_found,
                fmt::format("cannot read the prompt directory {}: {}", directory_, failed.message()),
                "name another by --prompts or RPL_PROMPTS_DIR");
  }
  std::ranges::sort(names);
  return names;
}

PromptBank PromptBanks::get(const std::string& name) const {
  const std::vector<std::string> known = names();
  if (std::ranges::find(known, name) != known.end()) return load_bank(path_of(name));
  for (const std::string& stem : known) {
    try {
      PromptBank bank = load_bank(path_of(stem));
      if (bank.version == name) return bank;
    } catch (const Error&) {
      continue;  // a malformed neighbour is no reason to refuse a bank that is whole
    }
  }
  throw Error(
      ErrorKind::not_found, fmt::format("no prompt bank '{}' in {}", name, directory_),
      known.empty() ? "the directory holds no .yaml file" : fmt::format("there is: {}", fmt::join(known, ", ")));
}

}  // namespace heretix
