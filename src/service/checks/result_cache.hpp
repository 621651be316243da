// Finds a result that was measured already, by everything that decides a result.
//
// A result is used again for the person who had it measured, and for everybody once its owner has shared it. Apart from
// that, nobody can tell what somebody else asked (docs/service.md). The cache stores nothing of its own: a finished
// check names its result by `check_requests.result_key`, and its record is in `check_records`.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/identity.hpp"
#include "measure/run_check.hpp"
#include "service/checks/check_owner.hpp"
#include "store/database.hpp"

namespace heretix {

// Digest of claim, model, mode, bank, schema text, K, R, T, B, seed rule, output limit and the names of the methods.
// `bank_content_sha256` is that of the bank in the form in which it is asked (asked_bank()).
std::string result_key(const CheckRequest& request, const Plan& plan, const std::string& bank_content_sha256);

// The object belief_v2 in the text of a record, or in the beginning of one; empty if it is not there as a whole.
std::optional<std::string> belief_in(std::string_view record);

struct ResultSearch {
  std::string key;  // result_key()
  std::string claim_hash;
  std::chrono::seconds life;  // how long after it was measured a result serves
};

struct CachedResult {
  CheckId check_id;                     // the check that shows it
  ExecutionId execution_id;             // the execution that measured it, under which its record is kept
  std::optional<std::string> belief{};  // belief_v2 of the record, JSON; empty: an earlier build measured it
};

class ResultCache {
 public:
  explicit ResultCache(Database& database) : database_(database) {}

  // Finds a result: one of the asker's own, else one that is shared; the newest if there are several.
  std::optional<CachedResult> find(const ResultSearch& search, const CheckOwner& asker);
  // The search for one of the asker's own alone, which can be part of a larger statement. Its columns are `id`,
  // `execution_id` and `beginning`, from which found() makes the result.
  static Query query_for(const ResultSearch& search, const CheckOwner& asker);
  std::optional<CachedResult> found(const std::vector<Row>& rows);

 private:
  Database& database_;
};

}  // namespace heretix
