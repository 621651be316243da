// A hard cap on what may be spent. The most that a question can cost is reserved before it is sent, so that requests
// in flight together cannot overshoot it. Attempts that may have been billed stay reserved at their most.
#pragma once

#include <optional>

#include "base/money.hpp"

namespace heretix {

// One for all runs of a command. One thread.
class Budget {
 public:
  // `cap`: of the command. `day_cap`: of everything the store saw sent since midnight UTC, this command included.
  explicit Budget(std::optional<Usd> cap = {}, std::optional<Usd> day_cap = {}) : cap_(cap), day_cap_(day_cap) {}

  bool is_limited() const { return cap_ || day_cap_; }
  const std::optional<Usd>& cap() const { return cap_; }
  const std::optional<Usd>& day_cap() const { return day_cap_; }

  // `today`: spent or reserved by the store's count, all processes together; looked at only with a day's cap.
  bool allows(Usd most, Usd today) const {
    return (!cap_ || committed_ + most <= *cap_) && (!day_cap_ || today + most <= *day_cap_);
  }
  void reserve(Usd most) { committed_ += most; }
  // What an attempt really cost in place of what was reserved for it; empty: it may have cost all of it.
  void settle(Usd most, std::optional<Usd> billed) {
    if (billed) committed_ += *billed - most;
  }
  Usd committed() const { return committed_; }  // spent, in flight, and perhaps spent

 private:
  std::optional<Usd> cap_, day_cap_;
  Usd committed_;
};

}  // namespace heretix
