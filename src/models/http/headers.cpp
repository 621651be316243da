#include "models/http/headers.hpp"

#include <algorithm>
#include <cctype>

#include "base/text.hpp"

namespace heretix {

void Headers::add_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return;
  std::string name(line.substr(0, colon));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  fields_.emplace_back(std::move(name), trimmed(line.substr(colon + 1), kWhiteSpace));
}

std::string_view Headers::value(std::string_view name) const {
  const auto found =
      std::find_if(fields_.rbegin(), fields_.rend(), [&](const auto& field) { return field.first == name; });
  return found == fields_.rend() ? std::string_view{} : found->second;
}

}  // namespace heretix
