#include "models/price.hpp"

#include <algorithm>
#include <array>

namespace heretix {
namespace {

constexpr long kMostTokens = 100'000'000;
constexpr std::int64_t kTokensOfForm = 600;  // our JSON schema and the provider's own words around it
constexpr int kWhole = 1000;                 // of surcharges by region
constexpr Usd kMostOfOneReply = Usd::from_micros(10'000'000'000);
constexpr std::array<std::string_view, 5> kStandardTiers = {"", "default", "standard", "unspecified", "on_demand"};

// The region that most replies name, and the word of models that cannot be bound to one.
constexpr std::array<std::string_view, 3> kStandardRegions = {"", "global", "not_available"};

bool is_believable(long tokens) { return tokens >= 0 && tokens <= kMostTokens; }

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, const std::string& word) {
  return std::ranges::find(words, word) != words.end();
}

// Null: no price is known for it. A combination of two ways (a batch that was also served at priority) has none.
const Tariff* tariff_for(const Price& price, const Usage& usage) {
  std::vector<std::string> ways;
  if (price.is_of_batches) ways.emplace_back("batch");
  for (const std::string& word : {usage.service_tier, usage.speed}) {
    if (!is_one_of(kStandardTiers, word) && std::ranges::find(ways, word) == ways.end()) ways.push_back(word);
  }

  if (ways.empty()) return &price.standard;
  if (ways.size() > 1) return nullptr;
  if (price.is_of_batches) return &price.standard;
  const auto found = price.tiers.find(ways.front());
  return found == price.tiers.end() ? nullptr : &found->second;
}

// Empty: its surcharge is not known.
std::optional<int> surcharge_of(const Price& price, const Usage& usage) {
  if (is_one_of(kStandardRegions, usage.region)) return kWhole;
  const auto found = price.regions.find(usage.region);
  return found == price.regions.end() ? std::nullopt : std::optional(found->second);
}

// In two parts, so that no bill overflows.
Usd times_thousandths(Usd amount, int thousandths) {
  const std::int64_t picos = amount.picos();
  return Usd::from_picos(picos / kWhole * thousandths + picos % kWhole * thousandths / kWhole);
}

// The parts of a prompt by what they cost; empty where they do not add up.
struct PromptParts {
  long plain = 0, cached = 0, written = 0, written_long = 0;
};
std::optional<PromptParts> parts_of(const Usage& usage) {
  const long input = *usage.input;
  const long cached = usage.cached_input.value_or(0);
  const long written = usage.cache_writes.value_or(0);
  const long written_long = usage.long_cache_writes.value_or(0);
  for (const long part : {input, cached, written, written_long}) {
    if (!is_believable(part)) return std::nullopt;
  }
  if (cached + written > input || written_long > written) return std::nullopt;
  return PromptParts{input - cached - written, cached, written - written_long, written_long};
}

Usd dearest_input(const Rates& rates) {
  return std::max({rates.input, rates.cached_input, rates.cache_write, rates.long_cache_write.value_or(Usd())});
}

}  // namespace

const Rates& Tariff::for_prompt(long tokens) const {
  const Rates* found = &rates;
  for (const LongPrompts& longer : long_prompts) {
    if (tokens >= longer.from_tokens) found = &longer.rates;
  }
  return *found;
}

bool Tariff::is_free() const {
  const auto costs_nothing = [](const Rates& r) { return dearest_input(r) == Usd() && r.output == Usd(); };
  return costs_nothing(rates) && std::ranges::all_of(long_prompts, costs_nothing, &LongPrompts::rates);
}

std::optional<Usd> cost_of(const Price& price, const Usage& usage) {
  if (usage.charge_is_unclear) return std::nullopt;
  if (usage.charged) {
    const bool is_a_bill = *usage.charged >= Usd() && *usage.charged <= kMostOfOneReply;
    return is_a_bill ? usage.charged : std::nullopt;
  }

  if (price.is_free()) return Usd();
  if (price.standard.is_free()) return price.answer;
  if (usage.cannot_be_true || !usage.input || !usage.output || !is_believable(*usage.output)) return std::nullopt;
  if (usage.reasoning.value_or(0) < 0 || usage.reasoning.value_or(0) > *usage.output) return std::nullopt;

  const std::optional<PromptParts> parts = parts_of(usage);
  const Tariff* tariff = tariff_for(price, usage);
  const std::optional<int> surcharge = surcharge_of(price, usage);
  if (!parts || tariff == nullptr || !surcharge) return std::nullopt;
  const Rates& rates = tariff->for_prompt(*usage.input);
  if (parts->written_long > 0 && !rates.long_cache_write) return std::nullopt;

  const Usd tokens = rates.input * parts->plain + rates.cached_input * parts->cached +
                     rates.cache_write * parts->written + rates.long_cache_write.value_or(Usd()) * parts->written_long +
                     rates.output * *usage.output;
  return price.answer + times_thousandths(tokens, *surcharge);
}

std::optional<Price> in_batch(const Price& price) {
  const auto batch = price.tiers.find("batch");
  if (batch == price.tiers.end()) return std::nullopt;
  Price reduced = price;
  reduced.standard = batch->second;
  reduced.tiers.clear();
  reduced.is_of_batches = true;
  return reduced;
}

Price for_decisions(const Price& price) {
  const auto decision = price.tiers.find("decision");
  if (decision == price.tiers.end()) return price;
  Price own = price;
  own.standard = decision->second;
  own.tiers.clear();
  return own;
}

Usd most_cost_of(const Price& price, const Plan& plan, const Question& question) {
  const auto bytes = static_cast<std::int64_t>(plan.system_text.size() + question.user_text.size());
  const std::int64_t tokens = bytes + kTokensOfForm;
  const bool by_decisions = plan.recipe.readout() == Readout::decision;
  const Tariff standard = by_decisions ? for_decisions(price).standard : price.standard;
  const auto most_by = [&](const Rates& rates) {
    return dearest_input(rates) * tokens + rates.output * plan.recipe.sampling.max_output_tokens;
  };

  // Every length up to the longest that the prompt can have: some models charge less for longer ones of a kind.
  Usd most;
  const auto look_at = [&](const Tariff& tariff) {
    most = std::max(most, most_by(tariff.rates));
    for (const Tariff::LongPrompts& longer : tariff.long_prompts) {
      if (longer.from_tokens <= tokens) most = std::max(most, most_by(longer.rates));
    }
  };
  look_at(standard);
  for (const Tariff& tariff : price.soon) look_at(tariff);

  int surcharge = kWhole;
  for (const auto& [region, thousandths] : price.regions) surcharge = std::max(surcharge, thousandths);
  return price.answer + times_thousandths(most, surcharge);
}

}  // namespace heretix
