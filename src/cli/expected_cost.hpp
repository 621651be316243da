// Estimates what a run would cost before it is made: about, and at most.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cli/session.hpp"

namespace heretix {

struct ExpectedCost {
  std::size_t questions = 0;  // without a stored answer
  long tokens_in = 0;         // an estimate; a bill is never computed from it
  long tokens_out = 0;
  std::optional<Usd> about{}, most{};  // empty: the price is unknown

  ExpectedCost& operator+=(const ExpectedCost& other);  // unknown where one of the two is
  ExpectedCost times(double factor) const;              // rounded
  std::string text(const ProviderFacts& facts) const;   // "about $0.0120, at most $0.1700 (at prices of 2025-11-30)"
};

// What is sent for a plan: its own questions, or the first part of each answer that is read off the model. More parts
// may follow for the readout expected.
Plan plan_to_send(const Plan& plan);

ExpectedCost expected_cost(const Plan& plan, const ProviderFacts& facts, const std::vector<bool>& stored);

// Says for each question whether the store has its answer. If there is no file, no answer is stored.
std::vector<bool> stored_answers(const Plan& plan, const std::string& database_path);

// The request as a run would make it (measure/run_check.hpp), with what the store remembers, if there is a file.
CheckRequest as_remembered_in(const Resolved& resolved, const PromptBank& bank, Provider& provider);

// Plans the check as it will be asked, once for everything that follows (measure/run_check.hpp).
PlannedCheck plan_resolved(const Resolved& resolved, Provider& provider, Database& database);

// Prints the expected cost on stderr, unless the model is free or every answer is stored.
void tell_expected_cost(const PlannedCheck& check, const Resolved& resolved, Provider& provider, Database& database);

struct ClaimToAsk {
  const Resolved& resolved;
  Provider& provider;
  Database& database;
};

// What a check would ask and cost now, a free model included.
ExpectedCost expected_cost(const ClaimToAsk& claim);

// The same for all claims of a command.
class ExpectedOfSet {
 public:
  // Throws Error{bad_input} if the claim cannot be planned; one that costs nothing is not planned. `expected`: what was
  // worked out for it already.
  void add(const ClaimToAsk& claim, const std::optional<ExpectedCost>& expected = std::nullopt);

  // Prints one line for the sum and, where several models are asked, one for each of them. If one price is unknown, the
  // sum is too. `sample_of`: what was added is a sample of so many checks, and stands for all of them; 0: it is all.
  void tell(std::size_t sample_of = 0) const;

 private:
  struct OfModel {
    const ProviderFacts* facts;
    ExpectedCost sum{.about = Usd(), .most = Usd()};
  };

  std::vector<OfModel> models_;  // those that are paid for, in the order of the first claim
  std::set<std::string> claims_;
  std::set<std::string> together_;  // what is said of statements that share a request
  std::size_t added_ = 0;
};
void tell_expected_cost(const std::vector<ClaimToAsk>& claims);

}  // namespace heretix
