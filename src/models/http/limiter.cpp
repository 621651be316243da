#include "models/http/limiter.hpp"

#include <algorithm>

namespace heretix {
namespace {

constexpr double kGrowth = 0.05;
constexpr double kInUse = 0.8;
constexpr double kCut = 0.8;
constexpr double kWindowGrowth = 0.1;  // a round
constexpr std::chrono::milliseconds kCoolDown{100};

}  // namespace

Limiter::Limiter(std::size_t most, std::size_t start)
    : limit_(static_cast<double>(std::min(most, start))), most_(static_cast<double>(most)), window_(most_) {}

std::size_t Limiter::room(std::size_t in_flight, Time now) const {
  const auto allowed = static_cast<std::size_t>(std::min(limit_, window_));
  return now < closed_until_ || allowed <= in_flight ? 0 : allowed - in_flight;
}

std::uint64_t Limiter::on_sent(std::size_t in_flight) {
  busiest_ = std::max(busiest_, in_flight);
  return next_++;
}

void Limiter::start_round() {
  round_from_ = next_;
  answered_ = 0;
  busiest_ = 0;
  is_clean_ = true;
}

// A round is as many answers as the limit allows at once, to requests sent since it began.
void Limiter::on_answer(std::uint64_t number) {
  window_ = std::min(most_, window_ + std::max(1.0, kWindowGrowth * window_) / window_);
  if (number < round_from_ || static_cast<double>(++answered_) < limit_) return;
  const bool in_use = static_cast<double>(busiest_) >= kInUse * static_cast<double>(limit());
  if (is_clean_ && in_use) limit_ = std::min(most_, met_limit_ ? limit_ + std::max(1.0, kGrowth * limit_) : 2 * limit_);
  start_round();
}

void Limiter::on_rate_limited(std::uint64_t number, Time now, std::size_t in_flight, std::chrono::milliseconds wait) {
  met_limit_ = true;
  window_ = std::max(1.0, std::min(window_, static_cast<double>(in_flight)));
  closed_until_ = std::max(closed_until_, now + std::max(wait, number >= episode_from_ ? kCoolDown : wait));
  if (number < episode_from_) return;
  limit_ = std::max(1.0, kCut * limit_);
  episode_from_ = next_;
  ++episodes_;
  start_round();
}

}  // namespace heretix
