// What the user asked for, from four places. Flags count before the environment, then the configuration file, then the
// defaults.
//
// This is the one place that reads environment variables. The seed is an exception to the order: flag, then file, then
// environment.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace heretix {

// In the current folder, unless a store is named.
inline constexpr const char* kUsualStore = "runs/heretix.sqlite";
inline constexpr const char* kMockStore = "runs/mock.sqlite";

// A field that is empty was not given in that place.
struct Settings {
  std::optional<std::string> claim, model, prompt_version, prompts, db;
  std::optional<std::string> base_url, api, reasoning, prices, readout;
  std::optional<std::string> price;  // "1.25,10", of the one model that is asked
  std::optional<int> samples;        // of a frequency
  // Whether the negation of each statement is asked too, for the readout decision.
  std::optional<bool> negation;
  std::optional<int> slots, replicates, templates, draws, max_output_tokens, max_prompt_chars, concurrency;
  std::optional<std::uint64_t> seed;
  std::optional<double> temperature;
  std::optional<double> until_width;         // of the ladder
  std::optional<double> timeout;             // seconds, of one question to a hosted model
  std::optional<double> budget, budget_day;  // dollars
  std::optional<bool> mock, logprobs, batch;
  std::optional<bool> allow_question;  // a claim that is a question is measured too

  bool operator==(const Settings&) const = default;
};

// Whether answers are played from a script instead of being asked of a model (docs/scripted.md): --mock, or a model
// "scripted:FILE".
bool is_mock(const Settings& settings);

// If both set a field, `first` wins.
Settings merged(const Settings& first, const Settings& second);

// YAML or JSON with the fields of docs/configuration.md; JSON where `source` ends in .json, or where the text is JSON.
// Pure. Throws Error{bad_input} with line and column for what is malformed, unknown, given twice or out of range.
Settings parse_config(std::string_view text, const std::string& source);
Settings load_config(const std::string& path);

struct Environment {
  Settings settings;  // without the seed
  std::optional<std::uint64_t> seed;
  bool no_color = false;
  // The databases that --database local and prod mean.
  std::optional<std::string> database_url, database_url_prod;
  std::optional<std::string> smtp_url;    // where mails are sent
  std::optional<std::string> app_env;     // as it is set; databases.hpp checks it
  std::optional<std::string> lake;        // where export publishes
  std::optional<std::string> export_key;  // the key of the hash of users
  // Of the service (docs/operations.md).
  std::optional<std::string> secret, origin, hosts, trusted_proxies, models, mail_from, postmark_token, postmark_url;
  std::optional<std::string> stripe_key, stripe_webhook_secret, stripe_prices, stripe_url;
  std::vector<std::string> admins;                         // mail addresses
  std::optional<double> anonymous_budget, most_per_check;  // dollars
  std::optional<double> keep_days;                         // of checks; 0: for ever
  std::optional<int> cache_seconds;
  std::map<std::string, std::string> provider_variables;  // keys and base URLs of hosted providers, by variable
  std::string key_file;                                   // below XDG_CONFIG_HOME or HOME
  std::string ca_file;                                    // SSL_CERT_FILE
  std::string model_cache;                                // HERETIX_MODEL_CACHE, else below XDG_CACHE_HOME or HOME
  std::optional<std::string> hub_endpoint, hub_token;     // HF_ENDPOINT, HF_TOKEN
};

// Throws Error{bad_input} naming the variable.
Environment read_environment();

// A seed lies in [0, 2^63 - 1]. Throws Error{bad_input} naming `what`.
std::uint64_t parse_seed(const std::string& text, const std::string& what);

}  // namespace heretix
