// Seeded numbers for sampling tokens. Kept apart from the estimator's generator: the folders do not see each other,
// and neither may change for the other's sake.
#pragma once

#include <cstdint>

namespace heretix {

// SplitMix64 (Steele, Lea & Flood, "Fast splittable pseudorandom number generators", 2014).
class RandomUnit {
 public:
  explicit RandomUnit(std::uint64_t seed) : state_(seed) {}
  double next() {  // in [0, 1)
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }

 private:
  std::uint64_t state_;
};

}  // namespace heretix
