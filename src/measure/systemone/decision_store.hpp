// The choices and scores that were answered. Owns the SQL of heretix_decisions (docs/storage.md).
#pragma once

#include <optional>
#include <string>

#include "base/identity.hpp"
#include "belief/decide/decision_answer.hpp"
#include "belief/decide/decision_plan.hpp"
#include "store/database.hpp"

namespace heretix {

struct StoredDecision {
  std::string decision_id;
  OptionAsked asked;
  std::string mode_text;  // of `asked.mode`, which is not made of it again
  std::string state;
  DecisionQuestion question;
  PromptBank bank;
  std::size_t wordings = 0;  // that were asked; the answer may rest on fewer
  DecisionAnswer answer;
};

class DecisionStore {
 public:
  explicit DecisionStore(Database& database) : database_(database) {}

  // The stored answer that rests on the most wordings, at most `most` of them.
  std::optional<DecisionAnswer> best(const std::string& key, const OptionAsked& asked, const PromptBank& bank,
                                     std::size_t most);

  // Does nothing if that number of wordings is stored already.
  void keep(const StoredDecision& decision, long long now);

  // Throws Error{not_found}.
  StoredDecision find(const std::string& decision_id);

 private:
  Database& database_;
};

// "dec-" and 12 digits, by which heretix verify finds it: the same for the same answer.
std::string decision_id_of(const std::string& key, const OptionAsked& asked, const PromptBank& bank,
                           std::size_t wordings);

}  // namespace heretix
