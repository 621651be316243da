#include "belief/estimate/rng.hpp"

namespace heretix {
namespace {

// SeedSequence's two hash chains and its mixer; every multiplication is modulo 2^32.
std::uint32_t hashed(std::uint32_t value, std::uint32_t& key, std::uint32_t multiplier) {
  value ^= key;
  key *= multiplier;
  value *= key;
  return value ^ (value >> 16);
}

std::uint32_t mixed(std::uint32_t x, std::uint32_t y) {
  const std::uint32_t r = 0xca01f9ddU * x - 0x4973f715U * y;
  return r ^ (r >> 16);
}

}  // namespace

SeedSequence::SeedSequence(std::uint64_t seed) {
  constexpr std::uint32_t kMultiplier = 0x931e8875U;
  std::uint32_t key = 0x43b0d7e5U;
  const std::array<std::uint32_t, 4> words = {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                                              0, 0};
  for (std::size_t i = 0; i < pool_.size(); ++i) pool_[i] = hashed(words[i], key, kMultiplier);
  for (std::size_t from = 0; from < pool_.size(); ++from) {
    for (std::size_t to = 0; to < pool_.size(); ++to) {
      if (to != from) pool_[to] = mixed(pool_[to], hashed(pool_[from], key, kMultiplier));
    }
  }
}

void SeedSequence::generate(std::span<std::uint32_t> words) const {
  std::uint32_t key = 0x8b51f9ddU;
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = hashed(pool_[i % pool_.size()], key, 0x58f38dedU);
}

Rng::Rng(std::uint64_t seed) {
  std::array<std::uint32_t, 8> words{};
  SeedSequence(seed).generate(words);
  const auto pair = [&](std::size_t i) { return std::uint64_t{words[2 * i + 1]} << 32 | words[2 * i]; };
  const Uint128 start = Uint128{pair(0)} << 64 | pair(1);
  const Uint128 sequence = Uint128{pair(2)} << 64 | pair(3);
  increment_ = 2 * sequence + 1;
  step();
  state_ += start;
  step();
}

std::uint64_t Rng::below64(std::uint64_t n) {
  Uint128 m = Uint128{next64()} * n;
  if (static_cast<std::uint64_t>(m) < n) {
    const std::uint64_t threshold = (0ULL - n) % n;
    while (static_cast<std::uint64_t>(m) < threshold) m = Uint128{next64()} * n;
  }
  return static_cast<std::uint64_t>(m >> 64);
}

}  // namespace heretix
