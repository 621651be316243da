#include "cli/settings.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <limits>
#include <sstream>

#include "base/error.hpp"
#include "cli/tracing.hpp"
#include "models/hosted.hpp"

namespace heretix {
namespace {

template <class T>
std::optional<T> first_of(const std::optional<T>& a, const std::optional<T>& b) {
  return a ? a : b;
}

// An empty variable counts as unset, because shells often leave variables empty.
std::optional<std::string> variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? std::optional<std::string>(value) : std::nullopt;
}

// `must_be` ends the sentence of the error message.
template <class T>
std::optional<T> number(const char* name, const char* must_be, T least = std::numeric_limits<T>::lowest()) {
  const auto text = variable(name);
  if (!text) return std::nullopt;
  T value{};
  const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (failed != std::errc{} || end != text->data() + text->size() || !(value >= least)) {
    throw Error(ErrorKind::bad_input, fmt::format("{} is '{}'; it must be {}", name, *text, must_be),
                "correct it, or unset it");
  }
  return value;
}

std::optional<int> whole_number(const char* name) { return number<int>(name, "a whole number"); }
std::optional<double> real_number(const char* name) { return number<double>(name, "a number, 0 or more", 0); }

std::optional<bool> truth(const char* name) {
  const auto text = variable(name);
  if (!text) return std::nullopt;
  if (*text == "1" || *text == "true" || *text == "yes") return true;
  if (*text == "0" || *text == "false" || *text == "no") return false;
  throw Error(ErrorKind::bad_input, fmt::format("{} is '{}'; it must be 1 or 0", name, *text),
              "correct it, or unset it");
}

void read_service_variables(Environment& environment) {
  environment.secret = variable("HERETIX_SECRET");
  environment.origin = variable("HERETIX_ORIGIN");
  environment.hosts = variable("HERETIX_HOSTS");
  environment.trusted_proxies = variable("HERETIX_TRUSTED_PROXIES");
  environment.models = variable("HERETIX_MODELS");
  environment.mail_from = variable("HERETIX_MAIL_FROM");
  environment.postmark_token = variable("HERETIX_POSTMARK_TOKEN");
  environment.postmark_url = variable("HERETIX_POSTMARK_URL");
  environment.stripe_key = variable("HERETIX_STRIPE_KEY");
  environment.stripe_webhook_secret = variable("HERETIX_STRIPE_WEBHOOK_SECRET");
  environment.stripe_prices = variable("HERETIX_STRIPE_PRICES");
  environment.stripe_url = variable("HERETIX_STRIPE_URL");
  environment.anonymous_budget = real_number("HERETIX_ANON_BUDGET");
  environment.most_per_check = real_number("HERETIX_MAX_CHECK_USD");
  environment.keep_days = real_number("HERETIX_KEEP_DAYS");
  environment.cache_seconds = whole_number("HERETIX_CACHE_TTL");
  std::istringstream admins(variable("HERETIX_ADMINS").value_or(""));
  for (std::string admin; std::getline(admins, admin, ',');) environment.admins.push_back(admin);
}

void read_provider_variables(Environment& environment) {
  for (const HostedProvider& provider : hosted_providers()) {
    for (const std::string_view name :
         {provider.key_variable, provider.other_key_variable, provider.base_url_variable}) {
      const std::string text(name);
      if (const auto value = name.empty() ? std::nullopt : variable(text.c_str()))
        environment.provider_variables[text] = *value;
    }
  }
  const std::string home = variable("HOME").value_or(".");
  environment.key_file = variable("XDG_CONFIG_HOME").value_or(home + "/.config") + "/heretix/keys";
  environment.ca_file = variable("SSL_CERT_FILE").value_or("");

  const std::string caches = variable("XDG_CACHE_HOME").value_or(home + "/.cache");
  environment.model_cache = variable("HERETIX_MODEL_CACHE").value_or(caches + "/heretix/models");
  environment.hub_endpoint = variable("HF_ENDPOINT");
  environment.hub_token = variable("HF_TOKEN");
}

}  // namespace

TraceVariables read_trace_variables() {
  TraceVariables set;
  for (const char* name : {"OTEL_EXPORTER_OTLP_ENDPOINT",
                           "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                           "OTEL_EXPORTER_OTLP_HEADERS",
                           "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
                           "OTEL_EXPORTER_OTLP_TIMEOUT",
                           "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
                           "OTEL_EXPORTER_OTLP_PROTOCOL",
                           "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
                           "OTEL_SERVICE_NAME",
                           "OTEL_RESOURCE_ATTRIBUTES",
                           "OTEL_SDK_DISABLED",
                           "OTEL_TRACES_EXPORTER",
                           "OTEL_TRACES_SAMPLER",
                           "OTEL_TRACES_SAMPLER_ARG",
                           "OTEL_BSP_SCHEDULE_DELAY",
                           "OTEL_BSP_MAX_QUEUE_SIZE",
                           "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
                           "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
                           "TRACEPARENT",
                           "TRACESTATE"}) {
    if (auto value = variable(name)) set.emplace(name, std::move(*value));
  }
  return set;
}

bool is_mock(const Settings& settings) {
  return settings.mock.value_or(false) || settings.model.value_or("").starts_with("scripted:");
}

Settings merged(const Settings& first, const Settings& second) {
  Settings m;
  m.claim = first_of(first.claim, second.claim);
  m.model = first_of(first.model, second.model);
  m.prompt_version = first_of(first.prompt_version, second.prompt_version);
  m.prompts = first_of(first.prompts, second.prompts);
  m.db = first_of(first.db, second.db);
  m.until_width = first_of(first.until_width, second.until_width);
  m.slots = first_of(first.slots, second.slots);
  m.replicates = first_of(first.replicates, second.replicates);
  m.templates = first_of(first.templates, second.templates);
  m.draws = first_of(first.draws, second.draws);
  m.max_output_tokens = first_of(first.max_output_tokens, second.max_output_tokens);
  m.max_prompt_chars = first_of(first.max_prompt_chars, second.max_prompt_chars);
  m.concurrency = first_of(first.concurrency, second.concurrency);
  m.seed = first_of(first.seed, second.seed);
  m.temperature = first_of(first.temperature, second.temperature);
  m.mock = first_of(first.mock, second.mock);
  m.base_url = first_of(first.base_url, second.base_url);
  m.api = first_of(first.api, second.api);
  m.reasoning = first_of(first.reasoning, second.reasoning);
  m.prices = first_of(first.prices, second.prices);
  m.price = first_of(first.price, second.price);
  m.logprobs = first_of(first.logprobs, second.logprobs);
  m.readout = first_of(first.readout, second.readout);
  m.samples = first_of(first.samples, second.samples);
  m.negation = first_of(first.negation, second.negation);
  m.allow_question = first_of(first.allow_question, second.allow_question);
  m.batch = first_of(first.batch, second.batch);
  m.timeout = first_of(first.timeout, second.timeout);
  m.budget = first_of(first.budget, second.budget);
  m.budget_day = first_of(first.budget_day, second.budget_day);
  return m;
}

Environment read_environment() {
  Environment environment;
  Settings& s = environment.settings;

  s.prompts = variable("RPL_PROMPTS_DIR");
  s.db = variable("HERETIX_DB");
  s.mock = truth("HERETIX_MOCK");
  s.allow_question = truth("HERETIX_ALLOW_QUESTION");
  s.concurrency = whole_number("HERETIX_RPL_CONCURRENCY");
  if (!s.concurrency) s.concurrency = whole_number("HERETIX_CONCURRENCY");

  if (const auto seed = variable("HERETIX_RPL_SEED")) environment.seed = parse_seed(*seed, "HERETIX_RPL_SEED");

  environment.no_color = variable("NO_COLOR").has_value();
  environment.database_url = variable("DATABASE_URL");
  environment.database_url_prod = variable("DATABASE_URL_PROD");
  environment.app_env = variable("APP_ENV");
  environment.lake = variable("HERETIX_LAKE");
  environment.smtp_url = variable("HERETIX_SMTP_URL");
  environment.export_key = variable("HERETIX_EXPORT_KEY");
  s.prices = variable("HERETIX_PRICES");

  read_provider_variables(environment);
  read_service_variables(environment);
  return environment;
}

}  // namespace heretix
