#include "studies/simulate/laws.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "base/word_table.hpp"
#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

constexpr WordTable<Law, 4> kLawWords(
    {{Law::normal, "normal"}, {Law::t3, "t3"}, {Law::exponential, "exponential"}, {Law::contaminated, "contaminated"}});

double open_unit(Rng& rng) { return (static_cast<double>(rng.next64() >> 12) + 0.5) * 0x1p-52; }  // (0, 1)

}  // namespace

std::string_view to_word(Law law) { return kLawWords.word(law); }

// Box and Muller's, one of the pair: two uniforms a draw, so that the stream stays simple.
double normal_draw(Rng& rng) {
  const double radius = std::sqrt(-2 * std::log(open_unit(rng)));
  return radius * std::cos(2 * std::numbers::pi * open_unit(rng));
}

double draw(Law law, Rng& rng) {
  switch (law) {
    case Law::normal: return normal_draw(rng);
    case Law::t3: {
      const double z = normal_draw(rng);
      double squares = 0;
      for (int i = 0; i < 3; ++i) {
        const double x = normal_draw(rng);
        squares += x * x;
      }
      return z / std::sqrt(squares / 3);
    }
    case Law::exponential: return -std::log(open_unit(rng));
    case Law::contaminated: return (open_unit(rng) < 0.1 ? 3.0 : 1.0) * normal_draw(rng);
  }
  throw std::logic_error("a Law without a draw");
}

double share_below(Law law, double x) {
  switch (law) {
    case Law::normal: return normal_cdf(x);
    case Law::t3: {  // in closed form
      const double scaled = x / std::sqrt(3.0);
      return 0.5 + (std::atan(scaled) + scaled / (1 + scaled * scaled)) / std::numbers::pi;
    }
    case Law::exponential: return x > 0 ? -std::expm1(-x) : 0.0;
    case Law::contaminated: return 0.9 * normal_cdf(x) + 0.1 * normal_cdf(x / 3);
  }
  throw std::logic_error("a Law without a distribution");
}

double trimmed_aim(Law law, std::size_t n) {
  if (law != Law::exponential) return 0.0;  // symmetric
  const std::size_t trimmed = n / 5;        // answers, at either end
  const double a = static_cast<double>(trimmed) / static_cast<double>(n);
  const auto antiderivative = [](double v) { return v > 0 ? v - v * std::log(v) : 0.0; };
  return (antiderivative(1 - a) - antiderivative(a)) / (1 - 2 * a);
}

double rounded(double p, double grid) { return grid > 0 ? std::clamp(std::floor(p / grid + 0.5) * grid, 0.0, 1.0) : p; }

std::vector<std::vector<Probability>> drawn_answers(std::size_t n, Law law, double center, double spread, double grid,
                                                    Rng& rng) {
  const double aim = trimmed_aim(law, n);
  std::vector<std::vector<Probability>> groups;
  groups.reserve(n);
  for (std::size_t k = 0; k < n; ++k)
    groups.push_back({Probability{rounded(sigmoid(center + spread * (draw(law, rng) - aim)), grid)}});
  return groups;
}

}  // namespace heretix
