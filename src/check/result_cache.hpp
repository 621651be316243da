// Results that were measured already, by everything that decides them. Owns the SQL of `result_cache`; it names nobody.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "check/run_check.hpp"
#include "store/database.hpp"

namespace heretix {

// Digest of claim, model, mode, bank, schema text, K, R, T, B, seed rule, output limit and the names of the methods.
std::string result_key(const CheckRequest& request, const Plan& plan, const PromptBank& bank);

struct CachedResult {
  std::string run_id;  // of the check that produced it
  std::string record;  // JSON
};

class ResultCache {
 public:
  explicit ResultCache(Database& database) : database_(database) {}
  // None that is older; its use is noted.
  std::optional<CachedResult> find(const std::string& key, std::chrono::seconds life);
  void keep(const std::string& key, const std::string& run_id, const std::string& env, const Record& record);

 private:
  Database& database_;
};

}  // namespace heretix
