// Reads what config_json() wrote: the recipe of an execution, as a store and the job of a check keep it. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "belief/plan/recipe.hpp"

namespace heretix {

// Throws Error{broken} if the configuration is malformed.
struct StoredConfig {
  Recipe recipe;
  std::optional<std::uint64_t> seed;
};
StoredConfig read_config(const std::string& config_text);

// The mode that Mode::text() wrote. Throws Error{broken} for a beginning that is not known.
Mode mode_from(const std::string& text);

// Whether the text of a stored mode says that a script answered in the model's place.
bool is_mock_mode(std::string_view mode);

// The ladder of a configuration. Those of builds up to November 2026 name no rule, which means honest_v1. Throws
// nlohmann's exceptions if it is malformed, and Error{broken} for an unknown rule.
Ladder ladder_from(const nlohmann::json& ladder);

}  // namespace heretix
