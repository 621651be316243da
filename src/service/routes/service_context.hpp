// What the handlers of the API share: the parts of the service, the call that they handle, and the form of a route.
//
// A handler is a free function. Each file of handlers ends in the table of its routes; api.cpp puts the tables
// together.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/identity.hpp"
#include "service/account/magic_links.hpp"
#include "service/account/sessions.hpp"
#include "service/billing/stripe.hpp"
#include "service/checks/answers_place.hpp"
#include "service/decisions/decision_intake.hpp"
#include "service/http/body.hpp"
#include "service/http/event_hub.hpp"
#include "service/http/metrics.hpp"
#include "service/http/router.hpp"
#include "service/http/web_files.hpp"
#include "service/intake/intake.hpp"
#include "service/privacy/removal.hpp"
#include "store/pool.hpp"

namespace heretix::http {

struct ApiSettings {
  std::string origin;                 // "https://heretix.example", as parse_origin() spells it
  std::set<std::string> own_names{};  // other origins of the same service, on loopback
  std::set<std::string> admins{};     // canonical mail addresses
  StripeSettings billing{};
};

struct ApiParts {
  DatabasePool& databases;
  const Secret& secret;
  const PromptBanks& banks;
  const std::vector<OfferedModel>& models;
  const IntakeRules& rules;
  Metrics& metrics;
  EventHub& hub;
  std::function<void()> wake_worker;
  std::function<AnswersPlace(Database& service)> open_answers;
  std::span<const WebFile> web{};  // the page
  // Removes mails that wait in a folder; empty: there is no folder.
  std::function<void(const std::string& address)> forget_mails{};
  std::string export_program{};         // heretix-export, which makes Parquet files; need not be there
  DecisionIntake* decisions = nullptr;  // for programs that sign in by a key; null: the process answers none
};

enum class Audience { everybody, user, admin };

// One request on its way through a route.
struct Call {
  const ServiceRequest& request;
  std::map<std::string, std::string, std::less<>> parameters;
  Database& database;
  std::optional<SignedIn> who;
  std::optional<VisitorId> visitor_id;  // from the visitor's cookie
  std::optional<ServedCheck> check;     // the check that the path names, whoever owns it; empty: there is none
  // Who asks, as far as that is known before the database is asked; it may be wrong.
  std::optional<CheckOwner> probably{};
  std::optional<PreparedCheck> asked{};  // the check that is asked for; made by Route::at_once
};

// There is one for the service, and several threads use it at once.
class ServiceContext {
 public:
  ServiceContext(ApiParts parts, ApiSettings settings);

  const ApiParts& parts() const { return parts_; }
  const ApiSettings& settings() const { return settings_; }
  const Secret& secret() const { return parts_.secret; }
  Intake intake(Database& database) const {
    return {database, parts_.secret, asked_banks_, parts_.models, parts_.rules};
  }

  // Over TLS the name of a cookie begins with __Host-, and the cookie is marked as secure.
  std::string cookie_name(const char* base) const;
  std::string set_cookie(const char* base, const std::string& value, std::int64_t max_age) const;

  // From then on /readyz answers 503.
  void start_draining() { is_draining_ = true; }
  bool is_draining() const { return is_draining_; }

 private:
  ApiParts parts_;
  ApiSettings settings_;
  AskedBanks asked_banks_;
  bool is_secure_;  // reached over TLS
  std::atomic<bool> is_draining_{false};
};

using Parameters = std::map<std::string, std::string, std::less<>>;
using Handler = ServiceResponse (*)(ServiceContext&, Call&);
// For responses that are the same for everybody: neither the session nor the database is read.
using FileHandler = ServiceResponse (*)(ServiceContext&, const ServiceRequest&, const Parameters&);

// For programs that sign in by a key, and may wait long for their response: no connection of the database is held.
struct ProgramHandler {
  ServiceResponse (*run)(ServiceContext&, const ServiceRequest&, const User&);
};

struct Route {
  Pattern pattern;
  Audience access;  // of a ProgramHandler: user
  std::variant<Handler, FileHandler, ProgramHandler> handler;
  FileHandler without_database = nullptr;  // responds while the database cannot be reached; null: with an error
  // Comes before anybody is looked up, and responds where that is not needed; null: nothing does.
  std::optional<ServiceResponse> (*at_once)(ServiceContext&, Call&) = nullptr;
};

std::span<const Route> check_routes();
std::span<const Route> result_routes();
std::span<const Route> card_routes();
std::span<const Route> history_routes();
std::span<const Route> repeat_routes();
std::span<const Route> decision_routes();
std::span<const Route> set_routes();
std::span<const Route> account_routes();
std::span<const Route> billing_routes();
std::span<const Route> operation_routes();
std::span<const Route> page_routes();

// Whether the request may carry the text of a set, and so a large body.
bool takes_set(const ServiceRequest& request);
// The page of a set; that of a missing one, with status 404, where the caller may not see it.
ServiceResponse set_page(ServiceContext& service, Call& call);

// Whether an address that leads nowhere is answered by a page, with status 404, and not by JSON.
bool is_page_address(std::string_view path);
ServiceResponse missing_page(const ServiceContext& service);
// `title` says what is missing, as a sentence without its period.
ServiceResponse missing_page(const ServiceContext& service, std::string_view title);

// Who asks: the account, or the visitor; empty for somebody who has neither.
std::optional<CheckOwner> owner_of(const Call& call);

// may_read() says whether the caller may read the check. readable() returns the check if so; otherwise it throws
// Error{not_found}, as it does if there is no such check.
bool may_read(const Call& call, const ServedCheck& check);
const ServedCheck& readable(const Call& call, const std::optional<ServedCheck>& check);
inline const ServedCheck& readable_check(const Call& call) { return readable(call, call.check); }

// Responds with the check and its record. The caller has made sure that it may be read.
ServiceResponse check_response(const ServedCheck& check);

// Adds belief_v2 to a finished check that was measured by a build which did not keep it. It is computed from the stored
// answers, and stored for the next time; where these are no longer kept, the honest interval of the record takes its
// place. Nothing is asked again.
void add_belief(const ServiceContext& service, Database& database, ServedCheck& check);

// A check that anybody who has that id may read. Throws Error{not_found}.
ServedCheck shared_check(Database& database, const std::string& share);

// The ids in "SHARE,SHARE,…", in order. Throws Error{not_found} for none and for too many.
std::vector<std::string> shares_in(const std::string& shares);

// The record of a finished check, computed again from the stored answers; a stored result is never read here.
// Throws Error{conflict} if there is no result yet, Error{not_found} if the answers are no longer kept.
Record measured(RunStore& runs, const ServedCheck& check);

// The page of the web app as it is, whatever it shows.
ServiceResponse app_page(const ServiceContext& service, const ServiceRequest& request);

// The models that may be asked, as /api/models lists them.
nlohmann::json models_json(const ServiceContext& service);

// Removes what was measured for an account or a check that is already gone. What cannot be removed now is left to the
// job that was enqueued for it.
void forget_measured(const ServiceContext& service, Database& database, const Measured& measured);

// "2026-11-23 08:00:00.000000" as "2026-11-23T08:00:00.000000Z".
std::string as_rfc3339(std::string time);

extern const std::string_view kOpenApi;       // api/openapi.yaml
extern const std::string_view kPaletteSheet;  // web/src/palette.css: the colours of kStyleSheet
extern const std::string_view kStyleSheet;    // for the pages that the server writes itself

}  // namespace heretix::http
