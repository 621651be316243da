// A hard cap on spending. The most that a question can cost is reserved before it is sent, so that requests in flight
// together cannot exceed the cap. Attempts that may have been billed stay reserved at that amount.
#pragma once

#include <optional>

#include "base/money.hpp"

namespace heretix {

// One budget serves all runs of a command. Not thread-safe.
class Budget {
 public:
  // `cap` limits the command. `day_cap` limits everything that the store saw sent since midnight UTC, this command
  // included.
  explicit Budget(std::optional<Usd> cap = {}, std::optional<Usd> day_cap = {}) : cap_(cap), day_cap_(day_cap) {}

  bool is_limited() const { return cap_ || day_cap_; }
  const std::optional<Usd>& cap() const { return cap_; }
  const std::optional<Usd>& day_cap() const { return day_cap_; }

  // `today` is what all processes together have spent or reserved by the store's count; it is used only with a day cap.
  bool allows(Usd most, Usd today) const {
    return (!cap_ || committed_ + most <= *cap_) && (!day_cap_ || today + most <= *day_cap_);
  }
  void reserve(Usd most) { committed_ += most; }
  // Replaces what was reserved for an attempt by what it really cost; empty means that it may have cost all of it.
  void settle(Usd most, std::optional<Usd> billed) {
    if (billed) committed_ += *billed - most;
  }
  Usd committed() const { return committed_; }  // spent, in flight, and perhaps spent

  // Which of the two caps ended a run, so that the command can say what would let it go on.
  enum class Reached { neither, cap, day_cap };
  void note(Reached reached) { reached_ = reached; }
  Reached reached() const { return reached_; }

 private:
  std::optional<Usd> cap_, day_cap_;
  Usd committed_;
  Reached reached_ = Reached::neither;
};

}  // namespace heretix
