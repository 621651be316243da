// Results that were measured already, found by everything that decides them.
//
// A result is reused for the person who had it measured, and for everybody once its owner has shared it: what somebody
// else asked shows nowhere (docs/service.md). Nothing is stored for this beside the checks themselves: a finished check
// names its result by `check_requests.result_key`, and its record lies in `check_records`.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "measure/run_check.hpp"
#include "store/database.hpp"

namespace heretix {

// Digest of claim, model, mode, bank, schema text, K, R, T, B, seed rule, output limit and the names of the methods.
// `bank`: in the form that is asked (asked_bank).
std::string result_key(const CheckRequest& request, const Plan& plan, const PromptBank& bank);

struct CachedResult {
  std::string check_id;      // that shows it
  std::string execution_id;  // that measured it, under which its record is kept
};

class ResultCache {
 public:
  explicit ResultCache(Database& database) : database_(database) {}

  // One that was measured within `life`, of the user or visitor (one of them is empty), else a shared one; of several
  // the newest.
  std::optional<CachedResult> find(const std::string& key, const std::string& claim_hash, const std::string& user_id,
                                   const std::string& visitor_id, std::chrono::seconds life);

 private:
  Database& database_;
};

}  // namespace heretix
