// The desks of the service (measure/systemone/decision_desk.hpp), one for each model that somebody has asked.
//
// A desk is made when its model is first asked, and anew each day, because the prompts of some models tell the date.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "measure/systemone/decision_desk.hpp"

namespace heretix {

// Several threads may call the functions at once.
struct DesksParts {
  std::function<std::unique_ptr<Provider>(const std::string& model)> make_provider;
  std::function<std::unique_ptr<Database>()> open_store;  // of measurements
  bool is_postgres = false;                               // that store
  const PromptBanks& banks;
  const Clock& clock;
  Usd most_per_check;
  // As in DeskPorts.
  std::function<void(const std::string& key, const ExecutionId& execution_id, bool is_new)> on_execution;
};

class Desks {
 public:
  explicit Desks(DesksParts parts) : parts_(std::move(parts)) {}

  // The desk of a model that the service offers, by the name under which it does. Throws what making it throws.
  std::shared_ptr<DecisionDesk> of(const std::string& model);

 private:
  struct Made;
  std::shared_ptr<Made> make(const std::string& model) const;

  DesksParts parts_;
  std::mutex mutex_;
  struct OfToday {
    std::string day;
    std::shared_ptr<DecisionDesk> desk;
  };
  std::map<std::string, OfToday> desks_;
};

}  // namespace heretix
