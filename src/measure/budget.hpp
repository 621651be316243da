// A hard cap on spending. The most that a question can cost is reserved before it is sent, so that requests in flight
// together cannot exceed the cap. Attempts that may have been billed stay reserved at that amount.
#pragma once

#include <cstdint>
#include <optional>

#include "base/money.hpp"

namespace heretix {

// What may be spent: by the command, and in all since midnight UTC by everything that the store saw sent, the command
// included. Empty is without a limit.
struct SpendingCaps {
  std::optional<Usd> command;
  std::optional<Usd> day;
};

// One budget serves all runs of a command. Not thread-safe.
class Budget {
 public:
  Budget() = default;
  explicit Budget(SpendingCaps caps) : caps_(caps) {}

  bool is_limited() const { return caps_.command || caps_.day; }
  const std::optional<Usd>& cap() const { return caps_.command; }
  const std::optional<Usd>& day_cap() const { return caps_.day; }

  // `today` is what all processes together have spent or reserved by the store's count; it is used only with a day cap.
  bool allows(Usd most, Usd today) const {
    return (!caps_.command || committed_ + most <= *caps_.command) && (!caps_.day || today + most <= *caps_.day);
  }
  void reserve(Usd most) {
    committed_ += most;
    ++in_flight_;
  }
  // Replaces what was reserved for an attempt by what it really cost; empty means that it may have cost all of it.
  void settle(Usd most, std::optional<Usd> billed) {
    if (billed) committed_ += *billed - most;
    --in_flight_;
  }
  void stop_waiting_for(std::size_t attempts) { in_flight_ -= attempts; }  // which stay reserved
  std::size_t in_flight() const { return in_flight_; }  // attempts that are reserved for and not settled
  Usd committed() const { return committed_; }          // spent, in flight, and perhaps spent

  // What a store says of one day, which is summed up there only where this command does not know it.
  struct Day {
    const void* store = nullptr;
    std::int64_t begins = 0;  // Unix microseconds
    bool operator==(const Day&) const = default;
  };
  // What was spent or reserved on that day, if it is known: what the store said, and what this command has done since.
  std::optional<Usd> today(const Day& day) const {
    return day == day_ ? std::optional(others_today_ + committed_) : std::nullopt;
  }
  void learn_today(const Day& day, Usd spent) {
    day_ = day;
    others_today_ = spent - committed_;
  }
  void forget_today() { day_ = {}; }  // somebody else has spent something

  // Which of the two caps ended a run, so that the command can say what would let it go on.
  enum class Reached { neither, cap, day_cap };
  void note(Reached reached) { reached_ = reached; }
  Reached reached() const { return reached_; }

 private:
  SpendingCaps caps_;
  Usd committed_;
  std::size_t in_flight_ = 0;
  Day day_;
  Usd others_today_;  // may be negative, where this command began yesterday
  Reached reached_ = Reached::neither;
};

}  // namespace heretix
