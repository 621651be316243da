// What a store's attempts cost, by model and day.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/money.hpp"
#include "store/database.hpp"

namespace heretix {

struct CostRow {
  std::string day;  // UTC, "2026-11-23"
  std::string provider, model;
  std::int64_t attempts = 0;
  std::int64_t answered = 0;
  std::int64_t not_billed = 0;     // surely: refused, turned away, never sent
  std::int64_t may_be_billed = 0;  // sent, bill unknown
  Usd billed;
  Usd may_be_at_most;              // of those that may be billed and whose price is known
  std::int64_t without_price = 0;  // of them, no price was known

  CostRow& operator+=(const CostRow& other);
};

// Newest day first. `since`: a day, or empty for all. A file without our tables has none. Throws what the store throws.
std::vector<CostRow> costs(Database& database, const std::string& since);

}  // namespace heretix
