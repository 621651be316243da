// The hosted providers and what is needed to reach each: names of models, keys and addresses, in one table.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/identity.hpp"
#include "models/http/http_provider.hpp"

namespace heretix {

enum class Api { standard, responses, chat };  // of OpenAI and its like; standard: what the provider prefers

struct HostedProvider {
  std::string_view name;                // "openai"
  std::string_view title;               // "OpenAI"
  std::string_view key_variable;        // standard name; empty keys are allowed where `key_is_optional`
  std::string_view other_key_variable;  // a second standard name; may be empty
  bool key_is_optional = false;
  std::string_view base_url_variable;
  std::string_view base_url;  // default; empty: must be given
  std::string_view base_url_example = "http://127.0.0.1:8080/v1";
  std::string_view base_url_ending{};           // that other programs want; left out where it was given
  std::vector<std::string_view> bare_prefixes;  // names of earlier recipes, "gpt-5"
  bool is_hashed_bare = true;                   // keys name the model alone, without "PROVIDER/"
  std::string_view key_header = "Authorization: Bearer ";
  std::string_view further_header{};  // sent with every request
  std::string_view dearer_hosts{};  // hosts that end so charge by region, e.g. eu.api.openai.com; replies do not say so

  // What the provider offers; null if it has nothing of the kind.
  bool has_several_apis = false;  // of models that write: --api chooses
  std::shared_ptr<const Wire> (*wire)(Api api) = nullptr;
  std::shared_ptr<const DecisionWire> (*decisions)() = nullptr;
  std::unique_ptr<BatchApi> (*batches)(const HttpProviderOptions&) = nullptr;
  std::string_view decision_models{};  // with a `wire`: names that begin so state a probability and write no text
  bool gives_logprobs = true;
  // Without a `wire`: where models whose names do not begin with `only_decides` are reached as writing ones.
  std::string_view only_decides{};
  std::string_view where_others_write{};
  bool server_counts = false;  // whose server it is belongs to the model's identity (models/http/server.hpp)
};

std::span<const HostedProvider> hosted_providers();

// "openai, anthropic, gemini and xai": for messages.
std::string providers_with_batches();

// "openai/gpt-5", or a bare name from an earlier recipe; null: not a hosted model.
struct HostedModel {
  const HostedProvider* provider = nullptr;
  std::string name;  // as the provider calls it
  ModelName hashed;  // as keys name it: the bare name for OpenAI, Anthropic, Gemini and xAI, else the whole
};
std::optional<HostedModel> hosted_model(const std::string& model);

// The readout that is used when none is chosen: decision for a model that writes no text, else verbalized.
Readout usual_readout(const HostedModel& model);

struct HostedSettings {
  std::string key{};
  std::string base_url{};  // empty: the provider's
  Api api = Api::standard;
  OptionalParameters optional{};
  std::size_t concurrency = 100;
  Deadlines deadlines{};
  std::string ca_file{};
  bool in_batch = false;  // by the provider's batch API, at its price
  std::string price{};    // "1.25,10", in place of what the list says; empty: not given
};

// Throws Error{not_allowed} naming the variable of a missing key. Throws bad_input for an invalid address, name or
// price, for a key over plain HTTP to another machine, and for an API or a parameter that the provider does not have.
HttpProviderOptions hosted_options(const HostedModel& model, const HostedSettings& settings, const PriceList& prices);

}  // namespace heretix
