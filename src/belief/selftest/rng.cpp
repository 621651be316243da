#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "belief/estimate/rng.hpp"
#include "belief/selftest/sections.hpp"

namespace heretix::selftest {
namespace {

using nlohmann::json;

std::uint64_t number(const json& decimal) { return std::stoull(decimal.get<std::string>()); }

std::string hex128(Uint128 value) {
  return fmt::format("{:016x}{:016x}", static_cast<std::uint64_t>(value >> 64), static_cast<std::uint64_t>(value));
}

// NumPy writes its 128-bit numbers without leading zeros.
std::string padded(const std::string& hex) { return std::string(hex.size() < 32 ? 32 - hex.size() : 0, '0') + hex; }

void compare_state(const std::string& place, const Rng& rng, const json& expected, Comparison& comparison) {
  comparison.same(place + " state", hex128(rng.state()), padded(expected.at("state").get<std::string>()));
  comparison.same(place + " inc", hex128(rng.increment()), padded(expected.at("inc").get<std::string>()));
  comparison.same(place + " has_uint32", rng.has_half() ? 1 : 0, expected.at("has_uint32").get<int>());
  comparison.same(place + " uinteger", rng.half(), expected.at("uinteger").get<std::uint32_t>());
}

void compare_draws(const std::string& place, Rng& rng, std::uint64_t n, const json& expected, Comparison& comparison) {
  for (const json& value : expected.at("out")) comparison.same(place + " out", rng.below(n), number(value));
  compare_state(place + " after", rng, expected.at("after"), comparison);
}

// False where the step is not ours: normal draws, which only come last.
bool compare_step(const std::string& place, Rng& rng, const json& step, Comparison& comparison) {
  const std::string op = step.at("op");
  if (op == "standard_normal") return false;
  if (op == "integers" || op == "choice") {
    compare_draws(place, rng, number(step.at("n")), step, comparison);
    return true;
  }
  for (const json& value : step.at("out")) {
    if (op == "random") comparison.same_bits(place + " out", rng.unit(), value.get<double>());
    else comparison.same(place + " out", rng.next64(), number(value));
  }
  compare_state(place + " after", rng, step.at("after"), comparison);
  return true;
}

void compare_steps(const std::string& place, std::uint64_t seed, const json& steps, Comparison& comparison) {
  Rng rng(seed);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!compare_step(fmt::format("{} step {}", place, i), rng, steps[i], comparison)) return;
  }
}

void compare_seed_sequence(const std::string& place, std::uint64_t seed, const json& c, Comparison& comparison) {
  const SeedSequence sequence(seed);
  std::array<std::uint32_t, 8> words{};
  sequence.generate(words);
  for (std::size_t i = 0; i < 4; ++i) {
    comparison.same(place + " pool", sequence.pool()[i], c.at("seedsequence_pool_u32").at(i).get<std::uint32_t>());
    const std::uint64_t pair = std::uint64_t{words[2 * i + 1]} << 32 | words[2 * i];
    comparison.same(place + " state64", pair, number(c.at("generate_state_u64_4").at(i)));
  }
  for (std::size_t i = 0; i < 8; ++i) {
    comparison.same(place + " state32", words[i], c.at("generate_state_u32_8").at(i).get<std::uint32_t>());
  }
}

}  // namespace

void rng_cases(const json& cases, Comparison& comparison) {
  for (const json& c : cases) {
    const std::uint64_t seed = number(c.at("seed"));
    const std::string place = fmt::format("seed {}", seed);
    compare_seed_sequence(place, seed, c, comparison);
    Rng raw(seed);
    compare_state(place + " initial", raw, c.at("pcg64_initial"), comparison);
    for (const json& value : c.at("random_raw_20")) comparison.same(place + " raw", raw.next64(), number(value));
    compare_state(place + " after 20", raw, c.at("pcg64_after_20"), comparison);
    for (const auto& item : c.at("integers").items()) {
      Rng rng(seed);
      compare_draws(fmt::format("{} integers {}", place, item.key()), rng, std::stoull(item.key()), item.value(),
                    comparison);
    }
    Rng units(seed);
    for (const json& value : c.at("random_8"))
      comparison.same_bits(place + " random", units.unit(), value.get<double>());
    compare_steps(place + " interleaved", seed, c.at("interleaved"), comparison);
    compare_steps(place + " bootstrap_shaped", seed, c.at("bootstrap_shaped"), comparison);
  }
}

}  // namespace heretix::selftest
