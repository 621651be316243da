// The service's interface: who asks, which route, one verb, its answer. api/openapi.yaml is its contract; a test
// compares the two.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "service/account/magic_links.hpp"
#include "service/account/sessions.hpp"
#include "service/billing/stripe.hpp"
#include "service/checks/answers_place.hpp"
#include "service/http/body.hpp"
#include "service/http/metrics.hpp"
#include "service/http/router.hpp"
#include "service/http/server.hpp"
#include "service/http/web_files.hpp"
#include "service/intake/intake.hpp"
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
  std::span<const WebFile> web{};                                  // the page
  std::function<void(const std::string& address)> forget_mails{};  // that wait in a folder; empty: none do
};

enum class Audience { everybody, user, admin };

// One request on its way through a route.
struct Call {
  const ServiceRequest& request;
  std::map<std::string, std::string, std::less<>> parameters;
  Database& database;
  std::optional<SignedIn> who;
  std::string visitor_id;            // of the visitor's cookie; empty: none
  std::optional<ServedCheck> check;  // the one that the path names, whosever it is; empty: it is not there
};

class ServiceApi final : public Application {
 public:
  ServiceApi(ApiParts parts, ApiSettings settings);

  std::string user_of(const ServiceRequest& request) override;
  std::optional<ServiceResponse> answer_at_once(const ServiceRequest& request) override;
  ServiceResponse handle(const ServiceRequest& request) override;
  ServiceResponse refused(const ServiceRequest& request, int status, const std::string& reason) override;
  void tell(const ServiceRequest& request, const ServiceResponse& response, std::chrono::microseconds took) override;

  const ApiSettings& settings() const { return settings_; }
  // /readyz says 503 from now on.
  void start_draining() { is_draining_ = true; }
  // "GET /api/checks/{id}", a line each: for the test that compares them with openapi.yaml.
  static std::vector<std::string> routes();

 private:
  using Parameters = std::map<std::string, std::string, std::less<>>;
  using Handler = ServiceResponse (ServiceApi::*)(Call&);
  // Of what is the same for everybody: neither a session nor the database is looked at.
  using FileHandler = ServiceResponse (ServiceApi::*)(const ServiceRequest&, const Parameters&);
  struct Route {
    Pattern pattern;
    Audience access;
    std::variant<Handler, FileHandler> handler;
  };
  static std::span<const Route> route_table();
  static std::span<const Pattern> patterns();

  ServiceResponse answer(const ServiceRequest& request, const RouteResult& found);
  ServiceResponse guarded(const ServiceRequest& request, const RouteResult& found,
                          const std::function<ServiceResponse()>& body) const;
  void look_up(const Route& route, Call& call);
  void remember_user(const std::string& cookie, const std::string& user_id);
  ServiceResponse run_route(const Route& route, Call& call);
  bool is_own_origin(const std::string& origin) const;
  void require_same_origin(const ServiceRequest& request) const;
  ServiceResponse problem_of(const ServiceRequest& request, const Error& error) const;

  std::string cookie_name(const char* base) const;
  std::string set_cookie(const char* base, const std::string& value, std::int64_t max_age) const;
  Intake intake(Database& database) { return {database, parts_.secret, parts_.banks, parts_.models, parts_.rules}; }
  bool may_read(const Call& call, const ServedCheck& check) const;
  const ServedCheck& readable(const Call& call, const std::optional<ServedCheck>& check) const;
  const ServedCheck& readable_check(const Call& call) const { return readable(call, call.check); }

  // checks
  ServiceResponse create_check(Call& call);
  ServiceResponse list_checks(Call& call);
  ServiceResponse get_check(Call& call);
  ServiceResponse delete_check(Call& call);
  ServiceResponse cancel_check(Call& call);
  ServiceResponse check_events(Call& call);
  ServiceResponse quote_check(Call& call);
  ServiceResponse list_models(Call& call);
  // what was measured
  ServiceResponse get_answers(Call& call);
  ServiceResponse compare_checks(Call& call);
  ServiceResponse share_check(Call& call);
  ServiceResponse unshare_check(Call& call);
  ServiceResponse get_shared(Call& call);
  ServiceResponse get_shared_answers(Call& call);
  ServedCheck shared_check(Call& call);
  ServiceResponse answers_of(Database& database, const ServedCheck& check);
  // account
  ServiceResponse request_link(Call& call);
  ServiceResponse show_link(Call& call);
  ServiceResponse use_link(Call& call);
  ServiceResponse get_me(Call& call);
  ServiceResponse close_account(Call& call);
  ServiceResponse download_data(Call& call);
  void forget(Database& database, const std::vector<std::string>& executions);
  ServiceResponse list_sessions(Call& call);
  ServiceResponse end_session(Call& call);
  ServiceResponse sign_out(Call& call);
  ServiceResponse get_usage(Call& call);
  // billing
  ServiceResponse get_billing(Call& call);
  ServiceResponse buy_plan(Call& call);
  ServiceResponse open_portal(Call& call);
  ServiceResponse take_webhook(Call& call);
  void require_billing() const;
  // operation
  ServiceResponse admin_overview(Call& call);
  ServiceResponse admin_retry(Call& call);
  ServiceResponse ready(Call& call);
  ServiceResponse start(Call& call);
  nlohmann::json me_json(Call& call) const;
  nlohmann::json models_json() const;
  // files
  ServiceResponse healthy(const ServiceRequest& request, const Parameters& parameters);
  ServiceResponse contract(const ServiceRequest& request, const Parameters& parameters);
  ServiceResponse web_page(const ServiceRequest& request, const Parameters& parameters);
  ServiceResponse web_asset(const ServiceRequest& request, const Parameters& parameters);
  ServiceResponse style_sheet(const ServiceRequest& request, const Parameters& parameters);

  ApiParts parts_;
  ApiSettings settings_;
  // Whose cookies came lately, so that their next requests can be counted before the database is asked.
  std::mutex users_mutex_;
  std::unordered_map<std::string, std::string> user_of_cookie_;
  bool is_secure_;  // reached over TLS: what cookies are called and how they are marked
  std::atomic<bool> is_draining_{false};
};

// An error as RFC 9457 has it, with the request's id; 429 and 503 say when to try again.
ServiceResponse problem(const ServiceRequest& request, int status, const std::string& title, const std::string& detail,
                        const std::string& kind = {}, const std::string& reason = {});

// Sent with every response.
std::vector<std::pair<std::string, std::string>> security_headers(bool is_secure);

// The check with its record; the caller has made sure that it may be read.
ServiceResponse check_response(const ServedCheck& check);

// "2026-11-23 08:00:00.000000" as "2026-11-23T08:00:00.000000Z".
std::string as_rfc3339(std::string time);

extern const std::string_view kOpenApi;     // api/openapi.yaml
extern const std::string_view kStyleSheet;  // of the pages that the server writes itself

// /metrics and nothing else, for a port of its own.
class MetricsApplication final : public Application {
 public:
  explicit MetricsApplication(std::function<std::string()> text) : text_(std::move(text)) {}
  std::optional<ServiceResponse> answer_at_once(const ServiceRequest&) override { return std::nullopt; }
  ServiceResponse handle(const ServiceRequest& request) override;
  ServiceResponse refused(const ServiceRequest& request, int status, const std::string& reason) override;
  void tell(const ServiceRequest&, const ServiceResponse&, std::chrono::microseconds) override {}

 private:
  std::function<std::string()> text_;
};

}  // namespace heretix::http
