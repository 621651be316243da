#include "models/http/breaker.hpp"

#include <algorithm>

namespace heretix {
namespace {

constexpr std::size_t kInARow = 10;
constexpr std::size_t kRecent = 20;
constexpr std::chrono::seconds kWithin{30};

}  // namespace

void Breaker::remember(Time now, bool failed) {
  recent_.push_back({now, failed});
  while (recent_.size() > kRecent || now - recent_.front().at > kWithin) recent_.pop_front();
}

void Breaker::on_success(Time now) {
  in_a_row_ = 0;
  failed_probes_ = 0;
  if (open_) recent_.clear();
  open_ = false;
  remember(now, false);
}

void Breaker::on_failure(Time now, bool is_probe) {
  ++in_a_row_;
  remember(now, true);
  if (open_ && is_probe) ++failed_probes_;
  const auto failed = static_cast<std::size_t>(std::ranges::count_if(recent_, &Outcome::failed));
  if (open_ || (in_a_row_ < kInARow && (recent_.size() < kRecent || failed * 2 < kRecent))) return;
  open_ = true;
  failed_probes_ = 0;
  next_probe_ = now + kProbeEvery;
}

}  // namespace heretix
