// Which word somebody may have meant.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heretix {

// The candidate that is the fewest typing mistakes away: a letter left out, added, replaced, or swapped with its
// neighbour. Empty if even the nearest is more than a third of the word away. The first one wins a tie.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace heretix
