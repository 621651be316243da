// Answers a request of the System One API for somebody who signed in by a key: what they had decided before comes from
// their rows; the rest is charged, measured and kept.
//
// A question counts as a check. It is charged before anything is asked, once for each user, model and question, and
// given back if no answer comes of it.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "service/account/users.hpp"
#include "service/decisions/decision_log.hpp"
#include "service/decisions/desks.hpp"
#include "service/intake/intake.hpp"
#include "store/pool.hpp"

namespace heretix {

// Requests that wait for a desk hold a thread of the server each.
inline constexpr std::size_t kMostDecisionRequests = 32;        // at the same time
inline constexpr std::size_t kMostDecisionRequestsOfUser = 16;  // of these

struct DecisionIntakeParts {
  DatabasePool& databases;
  Desks& desks;
  const Secret& secret;
  const AskedBanks& banks;
  const std::vector<OfferedModel>& models;
  const IntakeRules& rules;
};

class DecisionIntake {
 public:
  explicit DecisionIntake(const DecisionIntakeParts& parts) : parts_(parts) {}

  // The model that is offered under that name. The name that official clients send by default means the first one.
  // Throws Error{not_found} naming those that there are.
  const OfferedModel& model_of(const std::string& named) const;

  // Blocks for as long as a desk does. `model` is one of model_of(). Throws NotGranted if the plan has too few checks
  // left; Error: bad_input for a question that is too dear or whose price is not known, too_many if others wait, and
  // what a desk throws.
  DecisionDesk::Answered answer(const User& user, const OfferedModel& model, const DecisionRequest& request);

 private:
  // Holds a place among those who wait, for a scope.
  class Waiting;

  // The questions of a request that are not finally answered yet.
  struct Open {
    DecisionRequest request;
    std::vector<std::string> keys;  // of its questions
  };
  void charge(const User& user, const OfferedModel& model, const Open& open);
  void require_affordable(const OfferedModel& model, const Open& open, DecisionDesk& desk) const;
  void keep(const User& user, const OfferedModel& model, const Open& open, const DecisionDesk::Answered& answered);

  DecisionIntakeParts parts_;
  std::mutex mutex_;
  std::size_t waiting_ = 0;
  std::map<UserId, std::size_t> waiting_of_;
};

}  // namespace heretix
