#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/mail_address.hpp"
#include "service/billing/subscriptions.hpp"
#include "service/http/address.hpp"
#include "service/http/log.hpp"
#include "service/http/page.hpp"
#include "service/privacy/download.hpp"
#include "service/privacy/removal.hpp"
#include "service/routes/service_context.hpp"

namespace heretix::http {
namespace {

using nlohmann::json;

// The pages that a sign-in may lead to.
constexpr std::array kNextPages = {"/", "/history", "/decisions", "/usage", "/billing", "/sessions"};

constexpr const char* kDeadLink =
    "This link cannot be used: it has already been used, is older than ten minutes, or is incomplete. Ask for a new "
    "one.";

std::string next_page(const std::optional<std::string>& wanted) {
  const bool is_known = wanted && std::ranges::find(kNextPages, std::string_view(*wanted)) != kNextPages.end();
  return is_known ? *wanted : "/";
}

json usage_json(const CheckUsage& usage, const User& user) {
  return {{"plan", to_word(usage.plan)},
          {"next_plan", to_word(user.plan)},
          {"period_start", usage.period.first_day},
          {"period_end", usage.period.last_day},
          {"checks_allowed", usage.allowed},
          {"checks_used", usage.used}};
}

json session_json(const Session& session, const std::string& current) {
  return {{"id", session.id},
          {"created_at", as_rfc3339(session.created_at)},
          {"last_seen_at", as_rfc3339(session.last_seen_at)},
          {"expires_at", as_rfc3339(session.expires_at)},
          {"user_agent", session.user_agent},
          {"is_current", session.id == current}};
}

// Otherwise Stripe would go on charging a person whom the service no longer knows.
void require_nothing_paid(Database& database, const Secret& secret, const UserId& user_id) {
  const auto account = Subscriptions(database, secret, {}).account_of(user_id);
  if (account && account->plan)
    throw Error(ErrorKind::conflict, "a subscription is still paid for", "end it on the billing page first");
}

LinkAsker link_asker(const ServiceRequest& request) {
  return {
      .client = client_of(request.address), .network = network_of(request.address), .site = site_of(request.address)};
}

// The response is the same whether the address has an account or not, so it reveals nothing.
ServiceResponse request_link(ServiceContext& service, Call& call) {
  const Body body(call.request, {"email", "next"});
  const std::string email = canonical_mail_address(body.text("email", 320));
  const std::string next = next_page(body.optional_text("next", 100));
  MagicLinks(call.database, service.secret()).request(email, link_asker(call.request), next == "/" ? "" : next);
  service.parts().wake_worker();
  return json_response(202,
                       {{"detail", "if this address can get a link, it is on its way; it is valid for 10 minutes"}});
}

// Mail scanners open the links in a mail, so opening this one changes nothing.
ServiceResponse show_link(ServiceContext& service, Call& call) {
  const std::string& link = call.parameters.at("link");
  const auto address = MagicLinks(call.database, service.secret()).address_of(link);
  if (!address) return page(404, "Sign in", paragraph(kDeadLink));
  const std::string next = next_page(call.request.parameter("next"));
  const std::string action = fmt::format("/sign-in/{}{}", link, next == "/" ? "" : "?next=" + next);
  return page(200, "Sign in",
              paragraph(fmt::format("Sign in to Heretix as {}?", *address)) + button_form(action, "Sign in"));
}

ServiceResponse use_link(ServiceContext& service, Call& call) {
  const auto user =
      MagicLinks(call.database, service.secret()).consume(call.parameters.at("link"), link_asker(call.request));
  if (!user) return page(404, "Sign in", paragraph(kDeadLink));
  Sessions sessions(call.database, service.secret());
  std::string cookie;
  in_transaction(call.database,
                 [&] {
                   if (call.who) sessions.end(call.who->user.id, call.who->session_id);
                   cookie = sessions.begin(user->id, call.request.header("user-agent"));
                   if (call.visitor_id) ServedChecks(call.database).take_over(*call.visitor_id, user->id);
                 },
                 {.isolation = Isolation::beside_others});
  return {.status = 303,
          .content_type = "text/plain",
          .body = "",
          .headers = {{"Location", next_page(call.request.parameter("next"))},
                      {"Set-Cookie", service.set_cookie("heretix", cookie, kSessionLife.count())},
                      {"Cache-Control", "no-store"}}};
}

json me_json(const ServiceContext& service, Call& call) {
  const User& user = call.who->user;
  return {{"id", user.id},
          {"email", user.email},
          {"created_at", as_rfc3339(user.created_at)},
          {"is_admin", service.settings().admins.contains(user.email)},
          {"usage", usage_json(Ledger(call.database).usage_of(user), user)}};
}

ServiceResponse get_me(ServiceContext& service, Call& call) { return json_response(200, me_json(service, call)); }

ServiceResponse start(ServiceContext& service, Call& call) {
  return json_response(200,
                       {{"user", call.who ? me_json(service, call) : json(nullptr)}, {"models", models_json(service)}});
}

ServiceResponse close_account(ServiceContext& service, Call& call) {
  const Body body(call.request, {"email"});
  const User user = call.who->user;
  if (canonical_mail_address(body.text("email", 320)) != user.email)
    throw Refusal(422, "email must be the account's own address: closing an account cannot be undone");
  require_nothing_paid(call.database, service.secret(), user.id);
  Measured measured;
  in_transaction(call.database, [&] { measured = Removal(call.database, service.secret()).remove_user(user); },
                 {.isolation = Isolation::beside_others});
  forget_measured(service, call.database, measured);
  if (service.parts().forget_mails) service.parts().forget_mails(user.email);
  return {.status = 204, .headers = {{"Set-Cookie", service.set_cookie("heretix", "", 0)}}};
}

}  // namespace

void forget_measured(const ServiceContext& service, Database& database, const Measured& measured) {
  try {
    AnswersPlace answers = service.parts().open_answers(database);
    heretix::forget_measured(database, answers, measured);
  } catch (const Error& e) { log_line(LogLevel::warning, "forget", {{"error", e.what()}}); }
}

namespace {

ServiceResponse download_data(ServiceContext& service, Call& call) {
  const User& user = call.who->user;

  json checks = json::array();
  for (const ServedCheck& check : ServedChecks(call.database).all_of_user(user.id)) {
    checks.push_back({{"id", check.id},
                      {"run_id", check.run_id},
                      {"state", to_word(check.state)},
                      {"claim", check.claim},
                      {"model", check.model},
                      {"created_at", as_rfc3339(check.created_at)},
                      {"request", json::parse(check.request, nullptr, false)},
                      {"record", check.record ? json::parse(*check.record, nullptr, false) : json(nullptr)}});
  }

  json sessions = json::array();
  for (const Session& session : Sessions(call.database, service.secret()).list(user.id))
    sessions.push_back(session_json(session, call.who->session_id));

  AnswersPlace answers = service.parts().open_answers(call.database);
  const json data = {{"email", user.email},
                     {"plan", to_word(user.plan)},
                     {"created_at", as_rfc3339(user.created_at)},
                     {"usage", usage_json(Ledger(call.database).usage_of(user), user)},
                     {"sessions", sessions},
                     {"checks", checks},
                     {"stored", stored_data_of(call.database, answers, service.secret(), user)}};

  // An answer of a model may hold bytes that are not UTF-8, which JSON must be, so they are replaced.
  ServiceResponse response{.status = 200, .body = data.dump(-1, ' ', false, json::error_handler_t::replace) + "\n"};
  response.headers.emplace_back("Content-Disposition", "attachment; filename=\"heretix-data.json\"");

  return response;
}

ServiceResponse list_sessions(ServiceContext& service, Call& call) {
  json sessions = json::array();
  for (const Session& session : Sessions(call.database, service.secret()).list(call.who->user.id))
    sessions.push_back(session_json(session, call.who->session_id));
  return json_response(200, {{"sessions", sessions}});
}

ServiceResponse end_session(ServiceContext& service, Call& call) {
  const std::string& id = call.parameters.at("id");
  const auto sessions = Sessions(call.database, service.secret()).list(call.who->user.id);
  const bool is_there = std::ranges::find(sessions, id, &Session::id) != sessions.end();
  if (!is_there || !Sessions(call.database, service.secret()).end(call.who->user.id, id))
    throw Error(ErrorKind::not_found, "there is no such session");
  return {.status = 204};
}

ServiceResponse sign_out(ServiceContext& service, Call& call) {
  Sessions(call.database, service.secret()).end(call.who->user.id, call.who->session_id);
  return {.status = 204, .headers = {{"Set-Cookie", service.set_cookie("heretix", "", 0)}}};
}

ServiceResponse get_usage(ServiceContext& /*service*/, Call& call) {
  return json_response(200, usage_json(Ledger(call.database).usage_of(call.who->user), call.who->user));
}

}  // namespace

std::span<const Route> account_routes() {
  static constexpr std::array kRoutes = {Route{{"GET", "/api/start"}, Audience::everybody, &start},
                                         Route{{"GET", "/sign-in/{link}"}, Audience::everybody, &show_link},
                                         Route{{"POST", "/sign-in/{link}"}, Audience::everybody, &use_link},
                                         Route{{"POST", "/api/auth/magic-links"}, Audience::everybody, &request_link},
                                         Route{{"POST", "/api/auth/sign-out"}, Audience::user, &sign_out},
                                         Route{{"GET", "/api/me"}, Audience::user, &get_me},
                                         Route{{"DELETE", "/api/me"}, Audience::user, &close_account},
                                         Route{{"GET", "/api/me/data"}, Audience::user, &download_data},
                                         Route{{"GET", "/api/sessions"}, Audience::user, &list_sessions},
                                         Route{{"DELETE", "/api/sessions/{id}"}, Audience::user, &end_session},
                                         Route{{"GET", "/api/usage"}, Audience::user, &get_usage}};
  return kRoutes;
}

}  // namespace heretix::http
