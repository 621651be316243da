// Writes the progress of a check as events into the database, a few a second at most.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "measure/ask.hpp"
#include "measure/run_check.hpp"

namespace heretix {

class CheckObserver final : public AskObserver {
 public:
  // `tell` is called with the JSON of each event. `check` is borrowed and outlives the observer.
  CheckObserver(const PlannedCheck& check, const Clock& clock, std::function<void(const std::string& payload)> tell)
      : check_(check), clock_(clock), tell_(std::move(tell)) {}

  void on_progress(const AskProgress& progress, const std::vector<std::optional<Answer>>& answers) override;
  void on_wait(const std::string& why) override { waits_for_ = why; }

 private:
  const PlannedCheck& check_;
  const Clock& clock_;
  std::function<void(const std::string&)> tell_;
  std::vector<bool> told_;  // by question
  std::string waits_for_;
  std::optional<std::chrono::steady_clock::time_point> last_;
};

}  // namespace heretix
