// What describe says of a measurement that is not made: for the command, and for an assistant (heretix mcp).
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "cli/expected_cost.hpp"
#include "report/text.hpp"

namespace heretix {

struct Description {
  Plan plan;
  PromptBank bank;
  PlanFacts facts;
  ExpectedCost cost;                    // of what is not stored
  std::optional<std::uint64_t> seed{};  // that was given
  bool is_free = false;                 // the model costs nothing, so that no budget is needed
  bool no_color = false;
};

// Asks nothing, and fetches nothing. Throws what resolve_for_run() and make_provider() throw.
Description description_of(const MeasuringOptions& options);

nlohmann::json to_json(const Description& description);  // with every question

}  // namespace heretix
