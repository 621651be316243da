// Finds a result that was measured already, by everything that decides a result.
//
// A result is used again for the person who had it measured, and for everybody once its owner has shared it. Apart from
// that, nobody can tell what somebody else asked (docs/service.md). The cache stores nothing of its own: a finished
// check names its result by `check_requests.result_key`, and its record is in `check_records`.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/identity.hpp"
#include "measure/run_check.hpp"
#include "service/checks/check_owner.hpp"
#include "store/database.hpp"

namespace heretix {

// Digest of claim, model, mode, bank, schema text, K, R, T, B, seed rule, output limit and the names of the methods.
// `bank` is in the form in which it is asked (asked_bank()).
std::string result_key(const CheckRequest& request, const Plan& plan, const PromptBank& bank);

struct CachedResult {
  CheckId check_id;                     // the check that shows it
  ExecutionId execution_id;             // the execution that measured it, under which its record is kept
  std::optional<std::string> belief{};  // belief_v2 of the record, JSON; empty: an earlier build measured it
};

class ResultCache {
 public:
  explicit ResultCache(Database& database) : database_(database) {}

  // Finds a result that was measured within `life`: one of the asker's own, else one that is shared; the newest if
  // there are several.
  std::optional<CachedResult> find(const std::string& key, const std::string& claim_hash, const CheckOwner& asker,
                                   std::chrono::seconds life);

 private:
  Database& database_;
};

}  // namespace heretix
