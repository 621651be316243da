// What a run would cost, before it: about, and at most.
#pragma once

#include <string>
#include <vector>

#include "cli/session.hpp"

namespace heretix {

struct ExpectedCost {
  std::size_t questions = 0;  // without a stored answer
  long tokens_in = 0;         // about; a bill is never computed from them
  long tokens_out = 0;
  std::optional<Usd> about{}, most{};  // empty: the price is unknown

  std::string text(const ProviderFacts& facts) const;  // "about $0.0120, at most $0.1700 (by prices of 2025-11-30)"
};

// What is sent for a plan: its own questions, or the first parts of answers that are read off the model (more may
// follow for an expected answer).
Plan plan_to_send(const Plan& plan);

ExpectedCost expected_cost(const Plan& plan, const ProviderFacts& facts, const std::vector<bool>& stored);

// By question: whether the store has its answer. Without a file: none.
std::vector<bool> stored_answers(const Plan& plan, const std::string& database_path);

// The request as a run would make it (measure/run_check.hpp), where there is a file that remembers.
CheckRequest as_remembered_in(const Resolved& resolved, const PromptBank& bank, Provider& provider);

// The check as it is asked, planned once (measure/run_check.hpp).
PlannedCheck plan_resolved(const Resolved& resolved, Provider& provider, Database& database);

// On stderr, where it is not free and not everything is stored.
void tell_expected_cost(const PlannedCheck& check, const Resolved& resolved, Provider& provider, Database& database);

// The same in one line for all claims of a batch file; where a price is unknown that is told of all.
struct ClaimToAsk {
  const Resolved& resolved;
  Provider& provider;
  Database& database;
};
void tell_expected_cost(const std::vector<ClaimToAsk>& claims);

}  // namespace heretix
