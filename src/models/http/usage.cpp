#include "models/http/usage.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "models/http/wire.hpp"

namespace heretix {
namespace {

using nlohmann::json;

constexpr std::int64_t kPicosPerTick = 100;
constexpr double kPicosPerDollar = 1e12;
constexpr double kMostDollars = 10'000;  // of one reply

// Empty: not a number of dollars that one reply can cost.
std::optional<Usd> dollars_from(const json& value) {
  if (!value.is_number()) return std::nullopt;
  const double dollars = value.get<double>();
  if (!(dollars >= 0 && dollars <= kMostDollars)) return std::nullopt;
  return Usd::from_picos(std::llround(dollars * kPicosPerDollar));
}

void read_ticks(const json& ticks, Usage& found) {
  const double dollars = ticks.is_number_integer() ? ticks.get<double>() * kPicosPerTick / kPicosPerDollar : -1;
  if (dollars >= 0 && dollars <= kMostDollars)
    found.charged = Usd::from_picos(ticks.get<std::int64_t>() * kPicosPerTick);
  else found.charge_is_unclear = true;
}

}  // namespace

void read_counts(const CountedTokens& counts, bool is_beside, Usage& usage) {
  usage.input = counts.prompt;
  usage.output = counts.completion;
  usage.reasoning = counts.reasoning;
  if (!counts.completion) return;
  const long reasoning = counts.reasoning.value_or(0);
  if (!counts.total || !counts.prompt) {
    if (is_beside) usage.output = *counts.completion + reasoning;
    return;
  }

  const long beside = *counts.total - *counts.prompt - *counts.completion;
  if (beside < 0 || (reasoning > 0 && beside != 0 && beside != reasoning)) {
    usage.cannot_be_true = true;
    return;
  }
  usage.output = *counts.completion + beside;
  if (beside > 0 && reasoning == 0) usage.reasoning = beside;  // Google's OpenAI-shaped API names it in the total alone
}

void read_charge(const json& usage, Usage& found) {
  if (const json& ticks = member(usage, "cost_in_usd_ticks"); !ticks.is_null()) return read_ticks(ticks, found);

  const json& cost = member(usage, "cost");
  if (!cost.is_number()) return;
  found.charged = dollars_from(cost);
  if (member(usage, "is_byok") == true) {
    const auto upstream = dollars_from(member(member(usage, "cost_details"), "upstream_inference_cost"));
    if (found.charged && upstream) *found.charged += *upstream;
    else found.charged.reset();
  }
  found.charge_is_unclear = !found.charged;
}

}  // namespace heretix
