// The service's parts as the operator set them up: its database, where answers are kept, models, mail.
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

// With --database on Postgres, else embedded: SQLite beside the command line's store.
class Service {
 public:
  // Throws Error{bad_input} for settings that do not fit, naming the variable, and what opening the databases throws.
  explicit Service(const Options& options);

  bool is_embedded() const { return !named_; }
  std::unique_ptr<Database> open_database() const;  // thread-safe
  // Throws Error{bad_input} for PGlite: locks keep requests and jobs apart, and there one session holds them all.
  void require_separate_sessions() const;
  AnswersPlace open_answers(Database& service) const;
  std::unique_ptr<Provider> make_provider(const std::string& model) const;
  const Secret& secret() const { return *secret_; }
  const PromptBanks& banks() const { return banks_; }
  const Environment& environment() const { return environment_; }
  const Clock& clock() const { return clock_; }
  // HERETIX_ORIGIN, as parse_origin() reads it; empty where it is not set.
  const std::optional<Url>& public_origin() const { return public_origin_; }

  // Each model is made once, so that what is wrong with it is told at the start.
  std::vector<OfferedModel> offered_models() const;
  IntakeRules rules() const;
  std::unique_ptr<Mailer> make_mailer(bool shows_links) const;
  std::string mail_from() const;
  StripeSettings billing() const;  // not set up where no variable is

 private:
  struct NamedModel {
    std::string name, model;  // "play" and "scripted:FILE"; mostly the same
  };

  Options options_;
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
