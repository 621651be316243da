#include "provider/hosted.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/url.hpp"
#include "provider/anthropic/anthropic.hpp"
#include "provider/anthropic/batches.hpp"
#include "provider/gemini/batches.hpp"
#include "provider/gemini/gemini.hpp"
#include "provider/openai/batches.hpp"
#include "provider/openai/openai.hpp"
#include "provider/xai/batches.hpp"

namespace heretix {
namespace {

constexpr std::string_view kNameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:/@+";

[[noreturn]] void refuse(const std::string& what, const std::string& hint) {
  throw Error(ErrorKind::bad_input, what, hint);
}

// The base URL as libcurl is given it, without a slash at its end.
std::string checked_base_url(const std::string& text, const HostedProvider& provider, bool has_key) {
  const std::string hint =
      fmt::format("give it by --base-url or {}, e.g. http://127.0.0.1:8080/v1", provider.base_url_variable);
  if (text.empty()) refuse(fmt::format("{} has no address of its own", provider.name), hint);

  const auto url = parse_url(text);
  if (!url) refuse(fmt::format("the base URL '{}' cannot be read as a URL", shown_url(text)), hint);
  if (url->scheme != "https" && url->scheme != "http")
    refuse(fmt::format("the base URL '{}' starts with neither https:// nor http://", shown_url(text)), hint);
  if (url->user || url->password || url->query || url->fragment)
    refuse(fmt::format("the base URL '{}' needs a host, and no user, password, query or fragment", shown_url(text)),
           hint);
  if (has_key && !provider.key_is_optional && !url->is_safe_for_secrets())
    refuse(fmt::format("{} would send the key unencrypted to {}", shown_url(text), url->host), "use https://");

  std::string address = url->address();
  while (address.ends_with('/')) address.pop_back();
  return address;
}

std::shared_ptr<const Wire> wire_of(const HostedProvider& provider, Api api) {
  const bool is_openai = provider.name == "openai";
  if (provider.name == "anthropic" || provider.name == "gemini") {
    if (api != Api::standard)
      refuse(fmt::format("--api is for OpenAI and its like; {} has one API", provider.title), "leave --api out");
    if (provider.name == "gemini") return std::make_shared<GenerateContentWire>();
    return std::make_shared<MessagesWire>();
  }
  if (api == Api::responses || (api == Api::standard && is_openai)) return std::make_shared<ResponsesWire>();
  if (is_openai) return std::make_shared<ChatWire>(ChatDialect{});
  if (provider.name == "xai")
    return std::make_shared<ChatWire>(
        ChatDialect{.ranges = false, .reasoning_apart = true, .finish_words = kXaiFinishWords});
  return std::make_shared<ChatWire>(ChatDialect{.length_parameter = "max_tokens",
                                                .other_length_parameter = "max_completion_tokens",
                                                .continues = true,
                                                .finish_words = kCompatibleFinishWords});
}

std::vector<std::string> headers_of(const HostedProvider& provider, const std::string& key) {
  std::vector<std::string> headers = {"Content-Type: application/json"};
  if (provider.name == "anthropic") headers.emplace_back(kAnthropicVersion);
  if (key.empty()) return headers;
  if (provider.name == "anthropic") headers.push_back("x-api-key: " + key);
  else if (provider.name == "gemini") headers.push_back("x-goog-api-key: " + key);
  else headers.push_back("Authorization: Bearer " + key);
  return headers;
}

void require_key(const HostedProvider& provider, const std::string& key) {
  if (key.empty() && !provider.key_is_optional) {
    throw Error(ErrorKind::not_allowed,
                fmt::format("no key for {}: {} is not set", provider.title, provider.key_variable),
                fmt::format("export {}=…, or heretix keys set {}", provider.key_variable, provider.name));
  }
  if (std::ranges::any_of(key, [](unsigned char c) { return c <= ' ' || c >= 0x7f; }))
    refuse(
        fmt::format("the key in {} holds a space, a line break or a character that no key has", provider.key_variable),
        "copy it again");
}

void require_batches(const HttpProviderOptions& options) {
  if (options.batches == nullptr)
    refuse(fmt::format("{} has no batch API here", options.provider),
           fmt::format("--batch is for {}; leave it out", kProvidersWithBatches));
}

// OpenAI's regional addresses, e.g. eu.api.openai.com, charge more. Its replies do not say so.
std::string region_of(const HostedProvider& provider, const std::string& base_url) {
  constexpr std::string_view regional = ".api.openai.com";
  const auto url = parse_url(base_url);
  const std::string host = url ? url->host : "";
  return provider.name == "openai" && host.ends_with(regional) ? host.substr(0, host.size() - regional.size()) : "";
}

std::string when_it_retires(const PriceList::Entry& entry) {
  if (entry.is_retired) return "; the provider has shut this model down";
  return entry.retires.empty() ? "" : "; the provider's date of shutdown for this model is " + entry.retires;
}

void set_prices(HttpProviderOptions& options, const std::string& listed, const HostedSettings& settings,
                const PriceList& prices) {
  const PriceList::Entry* entry = prices.find(listed);
  if (!settings.price.empty()) {
    options.prices = price_from_text(settings.price);
    options.price_note = "by --price";
  } else if (entry != nullptr) {
    options.prices = entry->history;
    options.price_note = "by prices of " + entry->date + when_it_retires(*entry);
  }
  if (settings.in_batch) options.prices = options.prices.in_batch();

  const auto today = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  if (options.prices.on(today)) return;
  options.price_note = settings.in_batch && entry != nullptr ? "what a batch of this model costs is not known"
                                                             : "no price is known for this model";
}

}  // namespace

std::span<const HostedProvider> hosted_providers() {
  static const std::array all = {
      HostedProvider{.name = "openai",
                     .title = "OpenAI",
                     .key_variable = "OPENAI_API_KEY",
                     .other_key_variable = "",
                     .base_url_variable = "OPENAI_BASE_URL",
                     .base_url = "https://api.openai.com/v1",
                     .bare_prefixes = {"gpt-", "chatgpt-", "o1", "o3", "o4"}},
      HostedProvider{.name = "anthropic",
                     .title = "Anthropic",
                     .key_variable = "ANTHROPIC_API_KEY",
                     .other_key_variable = "",
                     .base_url_variable = "ANTHROPIC_BASE_URL",
                     .base_url = "https://api.anthropic.com",
                     .bare_prefixes = {"claude-"}},
      HostedProvider{.name = "gemini",
                     .title = "Google Gemini",
                     .key_variable = "GEMINI_API_KEY",
                     .other_key_variable = "GOOGLE_API_KEY",
                     .base_url_variable = "GOOGLE_GEMINI_BASE_URL",
                     .base_url = "https://generativelanguage.googleapis.com",
                     .bare_prefixes = {"gemini-"}},
      HostedProvider{.name = "xai",
                     .title = "xAI",
                     .key_variable = "XAI_API_KEY",
                     .other_key_variable = "",
                     .base_url_variable = "XAI_BASE_URL",
                     .base_url = "https://api.x.ai/v1",
                     .bare_prefixes = {"grok-"}},
      HostedProvider{.name = "openai-compatible",
                     .title = "the OpenAI-compatible server",
                     .key_variable = "OPENAI_COMPATIBLE_API_KEY",
                     .other_key_variable = "",
                     .key_is_optional = true,
                     .base_url_variable = "OPENAI_COMPATIBLE_BASE_URL",
                     .base_url = "",
                     .bare_prefixes = {}},
  };
  return all;
}

std::optional<HostedModel> hosted_model(const std::string& model) {
  for (const HostedProvider& provider : hosted_providers()) {
    const std::string prefix = std::string(provider.name) + "/";
    const bool is_bare = std::ranges::any_of(provider.bare_prefixes, [&](auto p) { return model.starts_with(p); });
    if (!is_bare && !model.starts_with(prefix)) continue;
    std::string name = is_bare ? model : model.substr(prefix.size());
    if (name.empty() || name.find_first_not_of(kNameCharacters) != std::string::npos ||
        name.find("..") != std::string::npos)
      refuse(fmt::format("'{}' is no name of a model", model), "provider/model, e.g. openai/gpt-5; see heretix models");
    return HostedModel{&provider, name, provider.name == "openai-compatible" ? model : name};
  }
  return std::nullopt;
}

HttpProviderOptions hosted_options(const HostedModel& model, const HostedSettings& settings, const PriceList& prices) {
  const HostedProvider& provider = *model.provider;
  require_key(provider, settings.key);
  if (settings.optional.logprobs && provider.name == "anthropic")
    refuse("Anthropic gives no log-probabilities", "leave --logprobs out");
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
  options.wire = wire_of(provider, settings.api);
  options.optional = settings.optional;
  options.region = region_of(provider, options.base_url);
  if (provider.name == "openai") options.batches = &make_openai_batches;
  if (provider.name == "anthropic") options.batches = &make_anthropic_batches;
  if (provider.name == "gemini") options.batches = &make_gemini_batches;
  if (provider.name == "xai") options.batches = &make_xai_batches;
  if (settings.in_batch) require_batches(options);
  set_prices(options, listed, settings, prices);
  options.concurrency = settings.concurrency;
  options.deadlines = settings.deadlines;
  options.ca_file = settings.ca_file;
  return options;
}

}  // namespace heretix
