// Removes what the service keeps of a person, of one check, or of checks that are too old, by the list in
// service/privacy/personal_data.hpp. Checks are removed in no other way.
//
// Rows of the service go in the caller's transaction. Measurements lie in another file where the service is embedded,
// so they follow as a second step: forget_executions(). In between, a job of the kind kForgetJob stands for each
// execution, so that a process that dies there leaves the step to another one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "service/account/secret.hpp"
#include "service/account/users.hpp"
#include "service/checks/answers_place.hpp"
#include "store/database.hpp"

namespace heretix {

inline constexpr const char* kForgetJob = "forget";  // its unique key is the execution's id
// Stands for a question that somebody had decided (decision_key()), which is its unique key.
inline constexpr const char* kForgetDecisionJob = "forget.decision";

// What was measured for rows that are removed, and is to be forgotten after the commit.
struct Measured {
  std::vector<ExecutionId> executions{};  // of checks
  std::vector<std::string> questions{};   // of decisions
};

class Removal {
 public:
  Removal(Database& service, const Secret& secret) : database_(service), secret_(secret) {}

  // Each runs in the caller's transaction (Isolation::beside_others) and returns what was measured for the removed
  // checks and decisions, for forget_executions() and forget_decisions() after the commit.
  Measured remove_user(const User& user);
  std::optional<std::vector<ExecutionId>> remove_ended_check(const CheckId& id);  // empty: it is still under way
  // A set with all its checks and claims; empty: a check of it is still under way.
  std::optional<std::vector<ExecutionId>> remove_ended_set(const std::string& set_id);
  std::vector<ExecutionId> remove_checks_older_than(double days);     // by the day on which they ended
  std::vector<std::string> remove_decisions_older_than(double days);  // by the day on which they were last asked

  std::vector<ExecutionId> executions_of_user(const User& user);  // of checks and decisions

 private:
  std::vector<ExecutionId> executions_of(const std::string& checks, const Bindings& bindings);
  std::vector<ExecutionId> remove_checks(const std::string& checks, const Bindings& bindings);
  std::vector<std::string> questions_of(const std::string& condition, const Bindings& bindings);
  Database& database_;
  const Secret& secret_;
};

// Removes those executions with their answers, unless a check, a drift watch or another execution counts them; then
// they stay, with nothing that points to the removed check. Attempts stay for the accounts, without a name. Runs in
// transactions of its own, and a second call changes nothing. `answers` is the AnswersPlace of `service`.
void forget_executions(Database& service, AnswersPlace& answers, const std::vector<ExecutionId>& executions);

// The same for questions that somebody had decided: unless somebody still has a decision about one, its executions go,
// its choices and scores with their answers, and the wordings that hold its state.
void forget_decisions(Database& service, AnswersPlace& answers, const std::vector<std::string>& questions);

// Both.
void forget_measured(Database& service, AnswersPlace& answers, const Measured& measured);

// Removes what is forgotten by its age alone, in statements of their own.
void forget_by_age(Database& service);

std::string checks_of_user();  // a SELECT of ids by :user
// The condition with its placeholder filled in.
std::string with_checks(std::string_view condition, const std::string& checks);
// Those of the bindings that the statement names.
Bindings named_in(std::string_view sql, const Bindings& bindings);

}  // namespace heretix
