// What a model's tokens cost, and what a call cost or can cost at most. Pure.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.hpp"
#include "belief/plan/plan.hpp"

namespace heretix {

// Tokens as the provider billed them, never estimated. An empty field was not reported.
struct Usage {
  std::optional<long> input{};              // all of the prompt, cached parts included
  std::optional<long> cached_input{};       // of them, read from the provider's cache
  std::optional<long> cache_writes{};       // of them, written to it
  std::optional<long> long_cache_writes{};  // of those, kept for the longer of two lifetimes
  std::optional<long> output{};             // reasoning included
  std::optional<long> reasoning{};          // of them

  // How the request was served, in the provider's words; empty: not said, which means the standard way.
  std::string service_tier{};  // "default", "flex", "priority", …
  std::string speed{};         // "standard", "fast"
  std::string region{};        // "global", "us", …

  bool cannot_be_true = false;  // the counts contradict each other or what was allowed: no bill follows from them

  // What the provider says that it charged. It wins over every list, and over counts that cannot be true.
  std::optional<Usd> charged{};
  bool charge_is_unclear = false;  // a charge was named that cannot be true, or there is one beside the tokens
};

// What a bill depends on beside the reply.
struct RequestTerms {
  std::optional<std::chrono::system_clock::time_point> sent_at{};  // empty: as long ago as the reply took
  int max_output_tokens = 0;                                       // that were allowed; 0: not known
  bool by_decisions = false;                                       // asked by a decisions API
};

// The price of one token. A part that a list does not name costs what `input` costs, as genai-prices counts it. The
// longer lifetime of a cache write is the exception: it is always dearer, so its price is unknown if it is not named.
struct Rates {
  Usd input{}, cached_input{}, cache_write{};
  std::optional<Usd> long_cache_write{};
  Usd output{};
};

// Rates by the length of the prompt. One length decides for every token of a request.
struct Tariff {
  struct LongPrompts {
    long from_tokens = 0;  // the first length to which these rates apply
    Rates rates{};
  };
  Rates rates{};
  std::vector<LongPrompts> long_prompts{};  // by length, shortest first

  const Rates& for_prompt(long tokens) const;
  bool is_free() const;
};

struct Price {
  Tariff standard{};
  std::map<std::string, Tariff> tiers{};  // by the reply's word: "batch", "flex", "priority", "fast", …
  std::map<std::string, int> regions{};   // surcharge by region, in thousandths of the price: 1100
  Usd answer{};                           // of one answer, whatever its length
  bool is_of_batches = false;             // `standard` is what the provider's batch API charges
  std::vector<Tariff> soon{};             // other tariffs that become valid within the next day

  bool is_free() const { return standard.is_free() && answer == Usd(); }
};

// What a reply cost: what the provider says that it charged, else by the list, for the tier, speed and region that the
// reply names. Empty, which means unknown and never zero, where the usage is missing, negative, beyond belief or cannot
// be true (more cached tokens than the prompt has), and where no price is known for how it was served.
std::optional<Usd> cost_of(const Price& price, const Usage& usage);

// The same by the provider's batch API. Empty: what it charges is not known.
std::optional<Price> in_batch(const Price& price);

// The same by the provider's decisions API, where that charges otherwise (the tier "decision"); else as it is.
Price for_decisions(const Price& price);

// What one question can cost at most: a token of input for every byte sent (byte-level tokenizers make no more), with
// the form and the provider's own words allowed for, all the output tokens that were asked for, in the dearest region.
// A dearer service tier that the account is set to is not covered: a bill shows it afterwards.
Usd most_cost_of(const Price& price, const Plan& plan, const Question& question);

}  // namespace heretix
