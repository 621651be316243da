// Money, in whole millionths of a US dollar, so that sums are exact.
#pragma once

#include <compare>

#include <cstdint>

namespace heretix {

class MicroUsd {
 public:
  constexpr MicroUsd() = default;
  constexpr explicit MicroUsd(std::int64_t micros) : micros_(micros) {}
  constexpr std::int64_t micros() const noexcept { return micros_; }
  constexpr MicroUsd operator+(MicroUsd other) const { return MicroUsd(micros_ + other.micros_); }
  constexpr MicroUsd operator*(std::int64_t times) const { return MicroUsd(micros_ * times); }
  constexpr MicroUsd& operator+=(MicroUsd other) {
    micros_ += other.micros_;
    return *this;
  }
  auto operator<=>(const MicroUsd&) const = default;

 private:
  std::int64_t micros_ = 0;
};

}  // namespace heretix
