#include "models/hosted.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/url.hpp"
#include "models/anthropic/anthropic.hpp"
#include "models/anthropic/batches.hpp"
#include "models/gemini/batches.hpp"
#include "models/gemini/gemini.hpp"
#include "models/openai/batches.hpp"
#include "models/openai/openai.hpp"
#include "models/systemone/systemone.hpp"
#include "models/xai/batches.hpp"

namespace heretix {
namespace {

constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:/@+~";

[[noreturn]] void refuse(const std::string& what, const std::string& hint) {
  throw Error(ErrorKind::bad_input, what, hint);
}

// The base URL in the form that libcurl is given, without a slash at its end.
std::string checked_base_url(const std::string& text, const HostedProvider& provider, bool has_key) {
  const std::string hint =
      fmt::format("set it with --base-url or {}, e.g. {}", provider.base_url_variable, provider.base_url_example);
  if (text.empty()) refuse(fmt::format("{} has no default address", provider.name), hint);

  const auto url = parse_url(text);
  if (!url) refuse(fmt::format("the base URL '{}' cannot be read as a URL", shown_url(text)), hint);
  if (url->scheme != "https" && url->scheme != "http")
    refuse(fmt::format("the base URL '{}' starts with neither https:// nor http://", shown_url(text)), hint);
  if (url->user || url->password || url->query || url->fragment)
    refuse(fmt::format("the base URL '{}' must not contain a user, password, query or fragment", shown_url(text)),
           hint);
  if (has_key && !provider.key_is_optional && !url->is_safe_for_secrets())
    refuse(fmt::format("{} would send the key unencrypted to {}", shown_url(text), url->host), "use https://");

  std::string address = url->address();
  while (address.ends_with('/')) address.pop_back();
  const std::string_view ending = provider.base_url_ending;
  if (!ending.empty() && address.ends_with(ending)) address.resize(address.size() - ending.size());
  return address;
}

std::shared_ptr<const Wire> openai_wire(Api api) {
  if (api == Api::chat) return std::make_shared<ChatWire>(ChatDialect{});
  return std::make_shared<ResponsesWire>();
}

std::shared_ptr<const Wire> xai_wire(Api api) {
  if (api == Api::responses) return std::make_shared<ResponsesWire>();
  return std::make_shared<ChatWire>(
      ChatDialect{.ranges = false, .reasoning_apart = true, .finish_words = kXaiFinishWords});
}

std::shared_ptr<const Wire> compatible_wire(Api api) {
  if (api == Api::responses) return std::make_shared<ResponsesWire>();
  return std::make_shared<ChatWire>(ChatDialect{.length_parameter = "max_tokens",
                                                .other_length_parameter = "max_completion_tokens",
                                                .continues = true,
                                                .finish_words = kCompatibleFinishWords});
}

template <class ItsWire>
std::shared_ptr<const Wire> only_wire(Api /*api*/) {
  return std::make_shared<ItsWire>();
}

template <class ItsWire>
std::shared_ptr<const DecisionWire> decision_wire() {
  return std::make_shared<ItsWire>();
}

std::shared_ptr<const DecisionWire> jev_wire() {
  return std::make_shared<SystemOneWire>(SystemOneDialect{.limits = kJevLimits});
}
std::shared_ptr<const DecisionWire> compatible_decision_wire() {
  return std::make_shared<SystemOneWire>(SystemOneDialect{});
}
std::shared_ptr<const DecisionWire> openrouter_wire() {
  return std::make_shared<SystemOneWire>(SystemOneDialect{.path = "/api/alpha/decisions", .limits = kJevLimits});
}

bool writes_text(const HostedProvider& provider, const std::string& name) {
  const bool states_only = !provider.decision_models.empty() && name.starts_with(provider.decision_models);
  return provider.wire != nullptr && !states_only;
}

// Sets by which of the two kinds of API the model is asked.
void set_wires(HttpProviderOptions& options, const HostedProvider& provider, Api api) {
  if (api != Api::standard && !provider.has_several_apis)
    refuse(fmt::format("--api is for OpenAI and servers like it; {} has only one API", provider.title),
           "leave --api out");
  if (provider.decisions != nullptr) options.decisions = provider.decisions();

  if (writes_text(provider, options.asked_model)) options.wire = provider.wire(api);
  if (options.wire) return;

  options.why_it_writes_nothing = "it states a probability and writes no text; use --readout decision";
  if (!provider.where_others_write.empty() && !options.asked_model.starts_with(provider.only_decides))
    options.why_it_writes_nothing = fmt::format(
        "{} is asked through its decisions API here; use --readout decision. Its models that write text are reached as "
        "{}",
        provider.title, provider.where_others_write);
}

std::vector<std::string> headers_of(const HostedProvider& provider, const std::string& key) {
  std::vector<std::string> headers = {"Content-Type: application/json"};
  if (!provider.further_header.empty()) headers.emplace_back(provider.further_header);
  if (!key.empty()) headers.push_back(std::string(provider.key_header) + key);
  return headers;
}

void require_key(const HostedProvider& provider, const std::string& key) {
  if (key.empty() && !provider.key_is_optional) {
    throw Error(ErrorKind::not_allowed,
                fmt::format("no key for {}: {} is not set", provider.title, provider.key_variable),
                fmt::format("export {}=…, or heretix keys set {}", provider.key_variable, provider.name));
  }
  if (std::ranges::any_of(key, [](unsigned char c) { return c <= ' ' || c >= 0x7f; }))
    refuse(fmt::format("the key in {} contains a space, a line break or a character that keys never contain",
                       provider.key_variable),
           "copy it again");
}

void require_batches(const HttpProviderOptions& options) {
  if (options.batches == nullptr)
    refuse(fmt::format("{} has no batch API that Heretix supports", options.provider),
           fmt::format("--batch works only with {}; leave it out", providers_with_batches()));
}

// "eu" for eu.api.openai.com; empty if the address does not name a region.
std::string region_of(const HostedProvider& provider, const std::string& base_url) {
  if (provider.dearer_hosts.empty()) return "";
  const auto url = parse_url(base_url);
  const std::string host = url ? url->host : "";
  return host.ends_with(provider.dearer_hosts) ? host.substr(0, host.size() - provider.dearer_hosts.size()) : "";
}

std::string when_it_retires(const PriceList::Entry& entry) {
  if (entry.is_retired) return "; the provider has shut this model down";
  return entry.retires.empty() ? "" : "; the provider will shut this model down on " + entry.retires;
}

void set_prices(HttpProviderOptions& options, const std::string& listed, const HostedSettings& settings,
                const PriceList& prices) {
  const PriceList::Entry* entry = prices.find(listed);
  if (!settings.price.empty()) {
    options.prices = price_from_text(settings.price);
    options.price_note = "given with --price";
  } else if (entry != nullptr) {
    options.prices = entry->history;
    options.price_note = "at prices of " + entry->date + when_it_retires(*entry);
  }
  if (settings.in_batch) options.prices = options.prices.in_batch();

  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  if (options.prices.on(today)) return;
  options.price_note = settings.in_batch && entry != nullptr ? "the price of a batch is not known for this model"
                                                             : "no price is known for this model";
}

}  // namespace

namespace {

// One row for each provider; whatever else differs depends on its members.
const std::array kProviders = {
    HostedProvider{.name = "openai",
                   .title = "OpenAI",
                   .key_variable = "OPENAI_API_KEY",
                   .other_key_variable = "",
                   .base_url_variable = "OPENAI_BASE_URL",
                   .base_url = "https://api.openai.com/v1",
                   .bare_prefixes = {"gpt-", "chatgpt-", "o1", "o3", "o4"},
                   .dearer_hosts = ".api.openai.com",
                   .has_several_apis = true,
                   .wire = &openai_wire,
                   .decisions = &decision_wire<OpenAiDecisionWire>,
                   .batches = &make_openai_batches},
    HostedProvider{.name = "anthropic",
                   .title = "Anthropic",
                   .key_variable = "ANTHROPIC_API_KEY",
                   .other_key_variable = "",
                   .base_url_variable = "ANTHROPIC_BASE_URL",
                   .base_url = "https://api.anthropic.com",
                   .bare_prefixes = {"claude-"},
                   .key_header = "x-api-key: ",
                   .further_header = kAnthropicVersion,
                   .wire = &only_wire<MessagesWire>,
                   .batches = &make_anthropic_batches,
                   .gives_logprobs = false},
    HostedProvider{.name = "gemini",
                   .title = "Google Gemini",
                   .key_variable = "GEMINI_API_KEY",
                   .other_key_variable = "GOOGLE_API_KEY",
                   .base_url_variable = "GOOGLE_GEMINI_BASE_URL",
                   .base_url = "https://generativelanguage.googleapis.com",
                   .bare_prefixes = {"gemini-"},
                   .key_header = "x-goog-api-key: ",
                   .wire = &only_wire<GenerateContentWire>,
                   .decisions = &decision_wire<GeminiDecisionWire>,
                   .batches = &make_gemini_batches,
                   .decision_models = "gemini-decision-"},
    HostedProvider{.name = "xai",
                   .title = "xAI",
                   .key_variable = "XAI_API_KEY",
                   .other_key_variable = "",
                   .base_url_variable = "XAI_BASE_URL",
                   .base_url = "https://api.x.ai/v1",
                   .bare_prefixes = {"grok-"},
                   .has_several_apis = true,
                   .wire = &xai_wire,
                   .batches = &make_xai_batches},
    HostedProvider{.name = "openai-compatible",
                   .title = "the OpenAI-compatible server",
                   .key_variable = "OPENAI_COMPATIBLE_API_KEY",
                   .other_key_variable = "",
                   .key_is_optional = true,
                   .base_url_variable = "OPENAI_COMPATIBLE_BASE_URL",
                   .base_url = "",
                   .bare_prefixes = {},
                   .is_hashed_bare = false,
                   .has_several_apis = true,
                   .wire = &compatible_wire},
    HostedProvider{.name = "typesafe",
                   .title = "TypeSafe",
                   .key_variable = "TYPESAFE_API_KEY",
                   .other_key_variable = "",
                   .base_url_variable = "TYPESAFE_BASE_URL",
                   .base_url = "https://api.typesafe.ai",
                   .base_url_example = "http://127.0.0.1:8080",
                   .base_url_ending = "/v1",
                   .bare_prefixes = {},
                   .is_hashed_bare = false,
                   .decisions = &jev_wire},
    HostedProvider{.name = "openrouter",
                   .title = "OpenRouter",
                   .key_variable = "OPENROUTER_API_KEY",
                   .other_key_variable = "",
                   .base_url_variable = "OPENROUTER_BASE_URL",
                   .base_url = "https://openrouter.ai",
                   .base_url_example = "http://127.0.0.1:8080",
                   .base_url_ending = "/api/v1",
                   .bare_prefixes = {},
                   .is_hashed_bare = false,
                   .decisions = &openrouter_wire,
                   .only_decides = "typesafe/",
                   .where_others_write = "openai-compatible/NAME with --base-url https://openrouter.ai/api/v1"},
    HostedProvider{.name = "systemone",
                   .title = "the System One server",
                   .key_variable = "SYSTEMONE_API_KEY",
                   .other_key_variable = "",
                   .key_is_optional = true,
                   .base_url_variable = "SYSTEMONE_BASE_URL",
                   .base_url = "",
                   .base_url_example = "http://127.0.0.1:8080",
                   .base_url_ending = "/v1",
                   .bare_prefixes = {},
                   .is_hashed_bare = false,
                   .decisions = &compatible_decision_wire,
                   .server_counts = true},
};

}  // namespace

std::span<const HostedProvider> hosted_providers() { return kProviders; }

std::string providers_with_batches() {
  std::vector<std::string_view> names;
  for (const HostedProvider& provider : kProviders)
    if (provider.batches != nullptr) names.push_back(provider.name);

  const std::string_view last = names.back();
  names.pop_back();
  return fmt::format("{} and {}", fmt::join(names, ", "), last);
}

std::optional<HostedModel> hosted_model(const std::string& model) {
  for (const HostedProvider& provider : hosted_providers()) {
    const std::string prefix = std::string(provider.name) + "/";
    const bool is_bare = std::ranges::any_of(provider.bare_prefixes, [&](auto p) { return model.starts_with(p); });
    if (!is_bare && !model.starts_with(prefix)) continue;
    std::string name = is_bare ? model : model.substr(prefix.size());
    if (name.empty() || name.find_first_not_of(kNameCharacters) != std::string::npos ||
        name.find("..") != std::string::npos)
      refuse(fmt::format("'{}' is not the name of a model", model),
             "write provider/model, e.g. openai/gpt-5; see heretix models");
    return HostedModel{&provider, name, ModelName(provider.is_hashed_bare ? name : model)};
  }
  return std::nullopt;
}

Readout usual_readout(const HostedModel& model) {
  return writes_text(*model.provider, model.name) ? Readout::verbalized : Readout::decision;
}

HttpProviderOptions hosted_options(const HostedModel& model, const HostedSettings& settings, const PriceList& prices) {
  const HostedProvider& provider = *model.provider;
  require_key(provider, settings.key);
  if (settings.optional.logprobs && !provider.gives_logprobs)
    refuse(fmt::format("{} does not return log-probabilities", provider.title), "leave --logprobs out");

  const std::string base_url = settings.base_url.empty() ? std::string(provider.base_url) : settings.base_url;
  const std::string listed = std::string(provider.name) + "/" + model.name;

  HttpProviderOptions options;
  options.provider = provider.name;
  options.asked_model = model.name;
  options.model = model.hashed;
  options.base_url = checked_base_url(base_url, provider, !settings.key.empty());
  options.headers = headers_of(provider, settings.key);
  options.key = settings.key;
  options.key_name = provider.key_variable;

  set_wires(options, provider, settings.api);
  options.optional = settings.optional;
  options.region = region_of(provider, options.base_url);

  // A batch API takes the requests of models that write text.
  if (options.wire) options.batches = provider.batches;
  if (settings.in_batch) require_batches(options);

  set_prices(options, listed, settings, prices);

  options.concurrency = settings.concurrency;
  options.deadlines = settings.deadlines;
  options.ca_file = settings.ca_file;
  return options;
}

}  // namespace heretix
