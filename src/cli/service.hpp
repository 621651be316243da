// The parts of the service as the operator set them up: its database, the place of its answers, its models and its
// mail.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/url.hpp"
#include "cli/databases.hpp"
#include "cli/session.hpp"
#include "service/account/secret.hpp"
#include "service/billing/stripe.hpp"
#include "service/intake/intake.hpp"
#include "service/mail/mailer.hpp"
#include "service/worker/worker.hpp"

namespace heretix {

// What every command of the service takes.
struct ServiceOptions : CommonOptions {
  std::string app_db;
  std::string outbox = "runs/outbox";
  int port = 8080;
};

// The flags by which such a command names its database.
void add_service_database(CLI::App& command, ServiceOptions& o);

// With --database the service runs on Postgres. Without it the service is embedded: SQLite beside the store of the
// command line.
class Service {
 public:
  // Throws Error{bad_input} naming the variable for a setting that is not valid, and what opening the databases throws.
  explicit Service(const ServiceOptions& options);

  bool is_embedded() const { return !named_; }
  std::unique_ptr<Database> open_database() const;  // thread-safe
  // Throws Error{bad_input} for PGlite. Requests and jobs are kept apart by locks, and in PGlite a single session holds
  // all locks.
  void require_separate_sessions() const;
  AnswersPlace open_answers(Database& service) const;
  // Asks no hub: a visitor's check never makes the service fetch a model.
  std::unique_ptr<Provider> make_provider(const std::string& model) const;
  const Secret& secret() const { return *secret_; }
  const PromptBanks& banks() const { return banks_; }
  const Environment& environment() const { return environment_; }
  const Clock& clock() const { return clock_; }
  // HERETIX_ORIGIN as parse_origin() reads it; empty if it is not set.
  const std::optional<Url>& public_origin() const { return public_origin_; }

  // Makes each model once, so that a bad setting is reported at the start. What HERETIX_MODELS names of a hub and is
  // not on this machine is fetched here, before anybody can ask.
  std::vector<OfferedModel> offered_models() const;
  IntakeRules rules() const;
  std::unique_ptr<Mailer> make_mailer(bool shows_links) const;
  std::string mail_from() const;
  StripeSettings billing() const;  // not set up if no variable is set

 private:
  Settings settings_of(const std::string& model) const;  // by the name that visitors ask for

  struct NamedModel {
    std::string name, model;  // "play" and "scripted:FILE"; usually both are the same
  };

  ServiceOptions options_;
  Environment environment_;
  SystemClock clock_;
  PromptBanks banks_;
  std::string app_path_, harness_path_;
  std::optional<NamedDatabase> named_;
  std::optional<Secret> secret_;
  std::optional<Url> public_origin_;
  std::vector<NamedModel> models_;
};

// "http://127.0.0.1:8080": where a server listens, as a URL.
std::string listening_address(const std::string& host, int port);

}  // namespace heretix
