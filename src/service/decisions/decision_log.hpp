// The decisions that people had programs ask for by the System One API: of each user and question one row, which is
// charged once and holds the newest answer.
//
// A row without an answer is under way, or waits for its client's next try. Owns the SQL of `decisions` and
// `decision_executions`; rows are removed with their user by service/privacy/removal.hpp.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "belief/decide/decision_answer.hpp"
#include "belief/decide/decision_request.hpp"
#include "store/database.hpp"

namespace heretix {

struct ServedDecision {
  std::string id;     // a uuid
  std::string model;  // the name by which the service offers it
  std::string state;
  DecisionQuestion question;  // canonical
  std::optional<DecisionAnswer> answer{};
  bool is_mock = false;  // a script gave it
  std::string created_at, last_asked_at;
  std::optional<std::string> answered_at{};
};

// Which decisions of a user a list shows.
struct ListedDecisions {
  std::optional<std::string> before{};  // the id of the last one seen; empty: from the newest
  std::size_t most = 50;
};

class DecisionLog {
 public:
  explicit DecisionLog(Database& database) : database_(database) {}

  // What is known of these questions, by their keys (decision_key()); a question that the user never had decided is
  // missing, and one without an answer is empty.
  using Known = std::map<std::string, std::optional<DecisionAnswer>>;
  Known known(const UserId& user_id, const std::string& model, const std::vector<std::string>& keys);

  // Notes that it is asked. `ledger_id`: the row that its charge is in. Runs in the caller's transaction.
  struct NewDecision {
    UserId user_id;
    std::string model, key, state;
    DecisionQuestion question;  // canonical
    std::string ledger_id;
  };
  void begin(const NewDecision& decision);
  // Keeps the answer if it rests on more wordings than the one before. False: the row was removed meanwhile.
  bool keep(const UserId& user_id, const std::string& model, const std::string& key, const DecisionAnswer& answer,
            bool is_mock);
  // Notes that it was asked again, once a minute.
  void note_asked(const UserId& user_id, const std::string& model, const std::vector<std::string>& keys);
  // Removes a decision that came to nothing. Returns the row that its charge is in; empty: it has an answer, or was
  // removed before. Runs in the caller's transaction.
  std::optional<std::string> give_up(const UserId& user_id, const std::string& model, const std::string& key);

  // Those with an answer, what was asked last first.
  std::vector<ServedDecision> list(const UserId& user_id, const ListedDecisions& wanted);

  // Notes an execution that was measured for the question, so that it goes with the last decision about it. One that
  // was there before (`is_new` is false) counts only if the service measured it.
  void note_execution(const std::string& key, const ExecutionId& execution_id, bool is_new);

 private:
  Database& database_;
};

}  // namespace heretix
