// Money, in whole millionths of a millionth of a US dollar: a price per million tokens with six decimals is exact for
// one token, so sums equal the provider's invoice. Holds up to nine million dollars.
#pragma once

#include <compare>

#include <cstdint>
#include <string>

namespace heretix {

class Usd {
 public:
  constexpr Usd() = default;
  static constexpr Usd from_picos(std::int64_t picos) { return Usd(picos); }
  static constexpr Usd from_micros(std::int64_t micros) { return Usd(micros * kPicosPerMicro); }
  constexpr std::int64_t picos() const noexcept { return picos_; }
  // Whole millionths of a dollar, the unit of most columns: rounded to the nearest, or rounded up for a limit.
  constexpr std::int64_t micros() const noexcept { return (picos_ + kPicosPerMicro / 2) / kPicosPerMicro; }
  constexpr std::int64_t micros_above() const noexcept { return (picos_ + kPicosPerMicro - 1) / kPicosPerMicro; }
  constexpr double dollars() const noexcept { return static_cast<double>(picos_) / 1e12; }  // for showing only

  constexpr Usd operator+(Usd other) const { return Usd(picos_ + other.picos_); }
  constexpr Usd operator-(Usd other) const { return Usd(picos_ - other.picos_); }
  constexpr Usd operator*(std::int64_t times) const { return Usd(picos_ * times); }
  constexpr Usd& operator+=(Usd other) {
    picos_ += other.picos_;
    return *this;
  }
  constexpr Usd& operator-=(Usd other) {
    picos_ -= other.picos_;
    return *this;
  }
  auto operator<=>(const Usd&) const = default;

 private:
  static constexpr std::int64_t kPicosPerMicro = 1'000'000;
  constexpr explicit Usd(std::int64_t picos) : picos_(picos) {}
  std::int64_t picos_ = 0;
};

// "$0.001250", the form that is shown everywhere: six decimals, and as many more as are needed for the first two digits
// that are not zero, so that no cost looks like none.
std::string to_text(Usd amount);

}  // namespace heretix
