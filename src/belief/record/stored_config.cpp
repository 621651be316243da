#include "belief/record/stored_config.hpp"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.hpp"
#include "base/stored_word.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr const char* kDamaged = "the file was changed by something other than Heretix; see docs/storage.md";

// A number outside the range of its type would silently be read as a different one, so it is refused here.
int whole_at(const json& config, const char* field) {
  const json& value = config.at(field);
  const bool fits =
      value.is_number_integer() && value >= std::numeric_limits<int>::min() && value <= std::numeric_limits<int>::max();
  if (fits) return value.get<int>();
  throw Error(
      ErrorKind::broken,
      fmt::format("{} is {}, which is not a whole number in range", field, shortened(value.dump(), kMostOfWordShown)),
      kDamaged);
}

}  // namespace

Mode mode_from(const std::string& text) {
  std::istringstream parts(text);
  std::string part;
  std::getline(parts, part, ';');
  std::optional<Mode> base;
  if (part == "LIVE") base = Mode::live();
  if (part == "MOCK") base = Mode::mock();
  Mode mode = require_known(base, "the mode in heretix_executions.config_json", part);
  while (std::getline(parts, part, ';')) {
    const std::size_t equals = part.find('=');
    mode.with(part.substr(0, equals), equals == std::string::npos ? "" : part.substr(equals + 1));
  }
  return mode;
}

bool is_mock_mode(std::string_view mode) { return mode == "MOCK" || mode.starts_with("MOCK;"); }

Ladder ladder_from(const json& ladder) {
  const std::string rule = ladder.value("rule", std::string(to_word(LadderRule::honest_v1)));
  return {.rungs = ladder.at("rungs").get<std::vector<int>>(),
          .target = ladder.at("target").get<double>(),
          .rule = require_known(ladder_rule_from(rule), "the rule of a ladder", rule)};
}

StoredConfig read_config(const std::string& config_text) {
  try {
    const json config = json::parse(config_text);

    StoredConfig stored;
    stored.recipe.claim = {config.at("claim").get<std::string>()};
    stored.recipe.model = ModelName(config.at("model").get<std::string>());
    stored.recipe.mode = mode_from(config.at("mode"));

    Sampling& s = stored.recipe.sampling;
    s.slots = whole_at(config, "K");
    s.replicates = whole_at(config, "R");
    s.templates = whole_at(config, "T");
    s.draws = whole_at(config, "B");
    s.max_output_tokens = whole_at(config, "max_output_tokens");
    s.max_prompt_chars = whole_at(config, "max_prompt_chars");

    if (const auto ladder = config.find("ladder"); ladder != config.end()) s.ladder = ladder_from(*ladder);
    if (const std::string readout = stored.recipe.mode.value("readout"); !readout.empty())
      require_known(known_readout(readout), "the readout in heretix_executions.config_json", readout);
    if (!config.at("seed").is_null()) stored.seed = std::stoull(config.at("seed").get<std::string>());
    return stored;
  } catch (const Error&) { throw; } catch (const std::exception& e) {
    throw Error(ErrorKind::broken, fmt::format("the stored configuration cannot be read: {}", e.what()), kDamaged);
  }
}

}  // namespace heretix
