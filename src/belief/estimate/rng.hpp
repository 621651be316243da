// NumPy's `default_rng(seed)`: SeedSequence feeding PCG64 (XSL-RR 128/64), with NumPy's bounded integers.
//
// Published intervals depend on every bit, so this follows NumPy, not taste. Sources: O'Neill, "PCG: A Family
// of Simple Fast Space-Efficient Statistically Good Algorithms" (2014); Lemire, "Fast Random Integer
// Generation in an Interval" (2019); NumPy's documented SeedSequence. Checked against tests/golden/rng.json.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace heretix {

__extension__ using Uint128 = unsigned __int128;

// The entropy pool that NumPy's SeedSequence makes of one 64-bit seed.
class SeedSequence {
 public:
  explicit SeedSequence(std::uint64_t seed);
  const std::array<std::uint32_t, 4>& pool() const { return pool_; }
  void generate(std::span<std::uint32_t> words) const;

 private:
  std::array<std::uint32_t, 4> pool_{};
};

// Not thread-safe; a copy goes on independently from the same place.
class Rng {
 public:
  explicit Rng(std::uint64_t seed);

  std::uint64_t next64() {
    step();
    const auto high = static_cast<std::uint64_t>(state_ >> 64);
    const auto low = static_cast<std::uint64_t>(state_);
    const unsigned turn = static_cast<unsigned>(high >> 58);
    const std::uint64_t mixed = high ^ low;
    return (mixed >> turn) | (mixed << ((64U - turn) & 63U));
  }

  // The low half of a fresh 64 bits; the high half is kept for the next call.
  std::uint32_t next32() {
    if (has_half_) {
      has_half_ = false;
      return half_;
    }
    const std::uint64_t both = next64();
    has_half_ = true;
    half_ = static_cast<std::uint32_t>(both >> 32);
    return static_cast<std::uint32_t>(both);
  }

  // Uniform on [0, n), n >= 1. A range of one consumes nothing.
  std::uint64_t below(std::uint64_t n) {
    if (n == 1) return 0;
    if (n < (1ULL << 32)) return below32(static_cast<std::uint32_t>(n));
    if (n == (1ULL << 32)) return next32();
    return below64(n);
  }

  // The same for 2 <= n < 2^32: what the bootstrap draws from.
  std::uint32_t below32(std::uint32_t n) {
    std::uint64_t m = std::uint64_t{next32()} * n;
    if (static_cast<std::uint32_t>(m) < n) [[unlikely]]
      m = rejected32(m, n);
    return static_cast<std::uint32_t>(m >> 32);
  }

  double unit() { return static_cast<double>(next64() >> 11) * 0x1p-53; }  // [0, 1)

  // For comparison with NumPy's own state.
  Uint128 state() const { return state_; }
  Uint128 increment() const { return increment_; }
  bool has_half() const { return has_half_; }
  std::uint32_t half() const { return half_; }

 private:
  void step() { state_ = state_ * kMultiplier + increment_; }
  // In the header although it hardly ever runs: a call would force the state out of its registers.
  std::uint64_t rejected32(std::uint64_t m, std::uint32_t n) {
    const std::uint32_t threshold = (0U - n) % n;
    while (static_cast<std::uint32_t>(m) < threshold) m = std::uint64_t{next32()} * n;
    return m;
  }
  std::uint64_t below64(std::uint64_t n);

  static constexpr Uint128 kMultiplier = (Uint128{0x2360ed051fc65da4ULL} << 64) | 0x4385df649fccf645ULL;
  Uint128 state_ = 0;
  Uint128 increment_ = 0;
  bool has_half_ = false;
  std::uint32_t half_ = 0;
};

}  // namespace heretix
