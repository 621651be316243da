// What replies say about tokens and money, read in the same way for every provider. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <optional>

#include "models/price.hpp"

namespace heretix {

// The counts of one reply as it names them.
struct CountedTokens {
  std::optional<long> prompt{};
  std::optional<long> completion{};
  std::optional<long> reasoning{};
  std::optional<long> total{};
};

// Fills in input, output and reasoning. Whether reasoning is counted inside the completion or beside it is decided by
// the total: providers and gateways differ, and change. Without a total `is_beside` decides. Where the total fits
// neither way, the usage cannot be true.
void read_counts(const CountedTokens& counts, bool is_beside, Usage& usage);

// What was charged, from an OpenAI-shaped usage object: xAI's `cost_in_usd_ticks` (docs.x.ai, Cost Tracking: 10^-10
// dollars), else OpenRouter's `cost` (its Usage Accounting: dollars; with a key of one's own what the upstream charges
// comes on top).
void read_charge(const nlohmann::json& usage, Usage& found);

}  // namespace heretix
