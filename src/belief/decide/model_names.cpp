#include "belief/decide/model_names.hpp"

#include <algorithm>
#include <array>

namespace heretix {
namespace {

constexpr std::array<std::string_view, 2> kAliases = {"jev-latest", "jev-preview"};

}  // namespace

bool is_model_alias(std::string_view named) { return std::ranges::find(kAliases, named) != kAliases.end(); }

std::vector<std::string> names_of_model(const ModelName& model, const std::string& given) {
  std::vector<std::string> names = {model.text()};
  if (!given.empty()) names.push_back(given);
  if (const std::size_t slash = model.text().find('/'); slash != std::string::npos)
    names.push_back(model.text().substr(slash + 1));
  return names;
}

}  // namespace heretix
