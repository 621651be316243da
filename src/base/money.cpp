#include "base/money.hpp"

#include <fmt/format.h>

namespace heretix {
namespace {

constexpr int kDecimals = 6;
constexpr int kMostDecimals = 12;  // of a whole number of picos
constexpr std::int64_t kPicosPerDollar = 1'000'000'000'000;

}  // namespace

std::string to_text(Usd amount) {
  const bool is_negative = amount < Usd();
  const std::int64_t picos = is_negative ? -amount.picos() : amount.picos();
  int decimals = kDecimals;
  for (std::int64_t least = 10'000'000; picos > 0 && picos < least && decimals < kMostDecimals; least /= 10) ++decimals;

  const double dollars = static_cast<double>(picos) / static_cast<double>(kPicosPerDollar);
  return fmt::format("{}${:.{}f}", is_negative ? "-" : "", dollars, decimals);
}

}  // namespace heretix
