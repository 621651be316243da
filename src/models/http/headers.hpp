// The header fields of a response, as far as anybody asks for them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heretix {

class Headers {
 public:
  // One line as it came, with its line break; anything but "name: value" is ignored.
  void add_line(std::string_view line);
  void clear() { fields_.clear(); }

  // The last value of that name, in lower case here; empty: not there.
  std::string_view value(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;  // names in lower case
};

}  // namespace heretix
