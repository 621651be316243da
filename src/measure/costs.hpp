// What the attempts in a store cost, by model and day.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "base/money.hpp"
#include "store/database.hpp"

namespace heretix {

struct CostRow {
  std::string day;  // UTC, "2026-11-23"
  std::string provider;
  ModelName model;
  std::int64_t attempts = 0;
  std::int64_t answered = 0;
  std::int64_t not_billed = 0;     // certainly not: refused, turned away or never sent
  std::int64_t may_be_billed = 0;  // sent, but the bill is unknown
  Usd billed;
  Usd may_be_at_most;              // for those that may be billed and have a known price
  std::int64_t without_price = 0;  // of `may_be_billed`, those without a known price

  CostRow& operator+=(const CostRow& other);
};

// The newest day comes first. `since` is a day, or empty for all days. A file without our tables gives no rows. Throws
// what the store throws.
std::vector<CostRow> costs(Database& database, const std::string& since);

}  // namespace heretix
