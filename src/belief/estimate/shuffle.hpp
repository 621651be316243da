// The permutation of the contract: i = n-1 .. 1 swapped with integers(0, i+1).
#pragma once

#include <span>
#include <utility>

#include "belief/estimate/rng.hpp"

namespace heretix {

inline void shuffle(std::span<int> values, Rng& rng) {
  for (std::size_t i = values.size(); i-- > 1;) std::swap(values[i], values[rng.below(i + 1)]);
}

}  // namespace heretix
