#include "cli/service.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>

#include "archive/check_store.hpp"
#include "base/mail_address.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "cli/pulled_models.hpp"
#include "cli/resources.hpp"
#include "cli/terminal.hpp"
#include "service/account/plan_name.hpp"
#include "store/sqlite/app_file.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

constexpr const char* kDefaultAppFile = "runs/heretix-app.sqlite";
constexpr const char* kDefaultHarness = "runs/heretix.sqlite";
constexpr const char* kSecretFile = "heretix-secret";
constexpr const char* kDefaultFrom = "heretix@localhost";

Secret secret_of(const Environment& environment, bool is_embedded, const std::string& app_path) {
  if (environment.secret) return Secret::parse(*environment.secret);
  if (!is_embedded)
    throw Error(ErrorKind::bad_input, "HERETIX_SECRET is not set; with Postgres every process needs the same secret",
                "make it once with: openssl rand -hex 32");
  return Secret::of_file(std::filesystem::path(app_path).parent_path() / kSecretFile);
}

Usd dollars(const char* name, const std::optional<double>& amount, Usd otherwise) {
  if (!amount) return otherwise;
  if (!(*amount >= 0 && *amount <= 1e6))
    throw Error(ErrorKind::bad_input, fmt::format("{} is {}; it must be from 0 to 1000000", name, *amount));
  return Usd::from_micros(std::llround(*amount * 1e6));
}

// Returns an address to which a secret may be sent, over TLS or on this machine, without a slash at its end.
std::string address_for_secrets(const char* name, const std::string& text) {
  const auto url = parse_url(text);
  if (!url || (url->scheme != "https" && url->scheme != "http") || url->user || url->password || url->fragment)
    throw Error(ErrorKind::bad_input, fmt::format("{} is '{}'; it must be a URL with a host", name, shown_url(text)),
                "e.g. https://api.example.org, without user and password");
  if (!url->is_safe_for_secrets())
    throw Error(ErrorKind::bad_input, fmt::format("{} would send a key unencrypted to {}", name, url->host),
                "use https://");

  std::string address = url->address();
  while (address.ends_with('/')) address.pop_back();
  return address;
}

// HERETIX_ORIGIN. Throws Error{bad_input}.
std::optional<Url> origin_from(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  auto origin = parse_origin(*text);
  if (!origin)
    throw Error(
        ErrorKind::bad_input,
        fmt::format("HERETIX_ORIGIN is '{}', which is not an http:// or https:// URL of a host", shown_url(*text)),
        "write it as browsers send it: https://heretix.example, without user and path; other alphabets as xn--…");
  return origin;
}

}  // namespace

std::string listening_address(const std::string& host, int port) {
  return fmt::format("http://{}:{}", url_host(host), port);
}

void add_service_database(CLI::App& command, ServiceOptions& o) {
  command.add_option("--app-db", o.app_db, "the embedded service's file (default runs/heretix-app.sqlite)")
      ->type_name("FILE");
  command
      .add_option("--db", o.flags.db,
                  "the store of its answers, which the command line can read (default runs/heretix.sqlite in the "
                  "current folder; HERETIX_DB)")
      ->type_name("FILE");
  add_database(command, o, "a Postgres database instead of the embedded files");
}

Service::Service(const ServiceOptions& options)
    : options_(options),
      environment_(read_environment()),
      banks_(options.flags.prompts.value_or(environment_.settings.prompts.value_or(prompts_folder()))),
      app_path_(options.app_db.empty() ? kDefaultAppFile : options.app_db),
      harness_path_(options.flags.db.value_or(environment_.settings.db.value_or(kDefaultHarness))) {
  if (!options.database.empty()) named_ = named_database(options.database);
  for (const std::string& path : {app_path_, harness_path_}) {
    if (is_embedded()) require_database_file(path);
  }
  secret_ = secret_of(environment_, is_embedded(), app_path_);
  public_origin_ = origin_from(environment_.origin);
  std::istringstream list(environment_.models.value_or("local"));
  for (std::string entry; std::getline(list, entry, ',');) {
    const std::size_t equals = entry.find('=');
    models_.push_back({entry.substr(0, equals), equals == std::string::npos ? entry : entry.substr(equals + 1)});
  }
}

std::unique_ptr<Database> Service::open_database() const {
  if (is_embedded()) return open_app_file(app_path_);
  return open_postgres(*named_);
}

void Service::require_separate_sessions() const {
  if (is_embedded()) return;
  const auto database = open_postgres(*named_);
  const std::string pglite = database->facts().pglite;
  if (pglite.empty()) return;
  throw Error(ErrorKind::bad_input,
              fmt::format("{} is {}: all its clients share one session, so the service's connections cannot keep each "
                          "other out of a check or a charge",
                          named_->address.shown(), pglite),
              "name a PostgreSQL server; or leave out --database: the embedded service needs no server");
}

AnswersPlace Service::open_answers(Database& service) const {
  if (!is_embedded()) return {nullptr, std::make_unique<CheckStore>(service), ""};
  auto harness = open_harness_file(harness_path_, {.access = Access::create});
  auto runs = std::make_unique<RunStore>(*harness);
  return {std::move(harness), std::move(runs), harness_path_};
}

Settings Service::settings_of(const std::string& model) const {
  const auto named = std::ranges::find(models_, model, &NamedModel::name);
  if (named == models_.end())
    throw Error(ErrorKind::bad_input, fmt::format("the model {} is no longer offered", model),
                "name it in HERETIX_MODELS");
  Settings settings = environment_.settings;
  settings.model = named->model;
  return settings;
}

std::unique_ptr<Provider> Service::make_provider(const std::string& model) const {
  return heretix::make_provider(settings_of(model), Asks::questions, Fetching::never);
}

std::vector<OfferedModel> Service::offered_models() const {
  std::vector<OfferedModel> offered;
  for (const NamedModel& model : models_) {
    if (is_hub_name(model.model)) model_here_or_fetched(parse_hub_name(model.model), Fetching::on_terminal);
    const auto provider = make_provider(model.name);
    offered.push_back({.name = model.name,
                       .facts = provider->facts(),
                       .unreadable = {},
                       .is_embedded = asks_embedded(settings_of(model.name))});
    for (const Readout readout : kReadouts) {
      const std::string why = provider->why_not(readout);
      if (!why.empty()) offered.back().unreadable[readout] = why;
    }
  }
  return offered;
}

IntakeRules Service::rules() const {
  IntakeRules rules;
  rules.env = named_ ? named_->env : "local";
  if (options_.flags.prompts || environment_.settings.prompts) rules.embedded_word_bank = rules.bank;  // as bank_of()
  rules.most_per_check = dollars("HERETIX_MAX_CHECK_USD", environment_.most_per_check, rules.most_per_check);
  rules.anonymous_per_day = dollars("HERETIX_ANON_BUDGET", environment_.anonymous_budget, rules.anonymous_per_day);
  if (environment_.cache_seconds) rules.cache_life = std::chrono::seconds(*environment_.cache_seconds);
  return rules;
}

std::string Service::mail_from() const {
  std::string from = environment_.mail_from.value_or(kDefaultFrom);
  require_mail_address(from);
  return from;
}

std::unique_ptr<Mailer> Service::make_mailer(bool shows_links) const {
  if (environment_.smtp_url) {
    SmtpServer server = parse_smtp_url(*environment_.smtp_url);
    server.ca_file = environment_.ca_file;
    return make_smtp_mailer(std::move(server), clock_);
  }
  if (environment_.postmark_token) {
    PostmarkServer server;
    server.token = *environment_.postmark_token;
    if (environment_.postmark_url) server.url = address_for_secrets("HERETIX_POSTMARK_URL", *environment_.postmark_url);
    server.ca_file = environment_.ca_file;
    return make_postmark_mailer(std::move(server));
  }
  return make_outbox_mailer(options_.outbox, clock_, [shows_links](const Mail& mail, const std::string& path) {
    print_note(fmt::format("heretix: a mail is in {}", path));  // the recipient is named in the file only
    if (shows_links) print_note(mail.body);
  });
}

StripeSettings Service::billing() const {
  StripeSettings stripe;
  const Environment& e = environment_;

  // Payment is set up as a whole or not at all.
  if (!e.stripe_key && !e.stripe_webhook_secret && !e.stripe_prices) return stripe;
  if (!e.stripe_key || !e.stripe_webhook_secret || !e.stripe_prices)
    throw Error(ErrorKind::bad_input,
                "only some of HERETIX_STRIPE_KEY, HERETIX_STRIPE_WEBHOOK_SECRET and HERETIX_STRIPE_PRICES are set",
                "set all three or none of them");

  for (const std::string_view pair : split(*e.stripe_prices, ',')) {
    const std::size_t equals = pair.find('=');
    const auto plan = kPlanNameWords.value(trimmed(pair.substr(0, equals)));
    if (equals == std::string_view::npos || !plan || trimmed(pair.substr(equals + 1)).empty())
      throw Error(ErrorKind::bad_input, fmt::format("HERETIX_STRIPE_PRICES contains '{}'; it must be PLAN=PRICE", pair),
                  "heretix plan list shows the plans");
    stripe.plan_of_price.emplace(trimmed(pair.substr(equals + 1)), *plan);
  }

  // Several secrets are accepted, because Stripe signs with both while one replaces the other.
  for (const std::string_view secret : split(*e.stripe_webhook_secret, ','))
    if (!trimmed(secret).empty()) stripe.webhook_secrets.emplace_back(trimmed(secret));

  stripe.key = *e.stripe_key;
  if (e.stripe_url) stripe.url = address_for_secrets("HERETIX_STRIPE_URL", *e.stripe_url);
  stripe.ca_file = e.ca_file;
  return stripe;
}

}  // namespace heretix
