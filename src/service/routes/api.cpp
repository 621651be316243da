#include "service/routes/api.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "service/account/api_keys.hpp"
#include "service/checks/web_words.hpp"
#include "service/http/error_status.hpp"
#include "service/http/log.hpp"
#include "service/systemone/decision_replies.hpp"

namespace heretix::http {
namespace {

using nlohmann::json;

constexpr const char* kRetryAfterSeconds = "5";
constexpr std::size_t kMostRememberedCookies = 10'000;

// Whoever has not signed in may be allowed once they have.
int status_for(const Error& error, bool is_signed_in) {
  return error.kind() == ErrorKind::not_allowed && !is_signed_in ? 401 : status_of(error.kind());
}

bool changes_state(const std::string& method) { return method != "GET" && method != "HEAD"; }

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

std::vector<std::pair<std::string, std::string>> security_headers(bool is_secure) {
  std::vector<std::pair<std::string, std::string>> headers = {
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src "
       "'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Resource-Policy", "same-origin"}};
  if (is_secure) headers.emplace_back("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
  return headers;
}

ServiceResponse problem(const ServiceRequest& request, int status, const std::string& title, const std::string& detail,
                        std::optional<ErrorKind> kind, std::optional<NotGrantedReason> reason) {
  json body = {{"type", "about:blank"},
               {"title", title},
               {"status", status},
               {"detail", in_web_words(detail)},
               {"request_id", request.id}};
  if (kind) body["kind"] = to_word(*kind);
  if (reason) body["reason"] = to_word(*reason);
  ServiceResponse response{.status = status,
                           .content_type = "application/problem+json",
                           .body = dumped(body),
                           .headers = {{"Cache-Control", "no-store"}}};
  if (status == 429 || status == 503) response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
  return response;
}

namespace {

// Of all files. No path fits two patterns of one method, so their order does not matter.
std::span<const Route> all_routes() {
  static const std::vector<Route> all = [] {
    std::vector<Route> routes;
    for (const auto& table :
         {operation_routes(), page_routes(), account_routes(), check_routes(), result_routes(), card_routes(),
          history_routes(), repeat_routes(), decision_routes(), set_routes(), billing_routes()})
      routes.insert(routes.end(), table.begin(), table.end());
    return routes;
  }();
  return all;
}

std::span<const Pattern> patterns() {
  static const std::vector<Pattern> all = [] {
    std::vector<Pattern> found;
    for (const Route& route : all_routes()) found.push_back(route.pattern);
    return found;
  }();
  return all;
}

}  // namespace

std::vector<std::string> ServiceApi::routes() {
  std::vector<std::string> lines;
  for (const Route& route : all_routes())
    lines.push_back(fmt::format("{} {}", route.pattern.method, route.pattern.path));
  return lines;
}

ServiceResponse ServiceApi::problem_of(const ServiceRequest& request, const Error& error) const {
  const bool has_cookie = request.cookie(service_.cookie_name("heretix")).has_value();
  const int status = status_for(error, has_cookie);
  if (status >= 500)
    log_line(LogLevel::error, "error",
             {{"request_id", request.id}, {"kind", std::string(to_word(error.kind()))}, {"error", error.what()}});
  const auto* refusal = dynamic_cast<const NotGranted*>(&error);
  // What went wrong inside is for the log.
  const std::string what = status >= 500 ? "the service cannot do this now" : error.what();
  const std::string detail = error.hint().empty() || status >= 500 ? what : fmt::format("{}; {}", what, error.hint());
  return problem(request, status, std::string(reason_phrase(status)), detail, error.kind(),
                 refusal == nullptr ? std::nullopt : std::optional(refusal->reason()));
}

bool ServiceApi::is_own_origin(const std::string& origin) const {
  const auto url = parse_origin(origin);
  return url && (url->origin() == service_.settings().origin || service_.settings().own_names.contains(url->origin()));
}

// What a browser sends from another site's page is refused. Clients other than browsers send neither header. Under
// "Referrer-Policy: no-referrer" browsers name the origin of our own forms "null", beside a Sec-Fetch-Site that no page
// can forge.
void ServiceApi::require_same_origin(const ServiceRequest& request) const {
  const std::string site = request.header("sec-fetch-site");
  const std::string origin = request.header("origin");
  const bool is_own_form = origin == "null" && site == "same-origin";
  const bool is_ours = (site.empty() || site == "same-origin" || site == "none") &&
                       (origin.empty() || is_own_form || is_own_origin(origin));
  if (!is_ours) throw Refusal(403, "the request comes from another site's page");
}

std::size_t ServiceApi::most_body(const ServiceRequest& request) {
  return takes_set(request) ? kMostLargeBody : kMostBody;
}

std::optional<ServiceResponse> ServiceApi::answer_at_once(const ServiceRequest& request) {
  const RouteResult found = find_route(patterns(), {.method = request.method, .path = request.path});
  if (!found.routed) return std::nullopt;
  const auto* handler = std::get_if<FileHandler>(&all_routes()[found.routed->route].handler);
  if (handler == nullptr) return std::nullopt;
  return guarded(request, found, [&] { return (*handler)(service_, request, found.routed->parameters); });
}

std::optional<UserId> ServiceApi::user_of(const ServiceRequest& request) {
  if (!request.headers.contains("cookie")) return std::nullopt;
  const auto cookie = request.cookie(service_.cookie_name("heretix"));
  if (!cookie) return std::nullopt;
  const std::lock_guard lock(users_mutex_);
  const auto found = user_of_cookie_.find(*cookie);
  return found == user_of_cookie_.end() ? std::nullopt : std::optional(found->second);
}

// A cookie whose session has ended meanwhile costs nothing here: it is looked up anew whenever something is decided.
void ServiceApi::remember_user(const std::string& cookie, const UserId& user_id) {
  const std::lock_guard lock(users_mutex_);
  if (user_of_cookie_.size() >= kMostRememberedCookies) user_of_cookie_.clear();
  user_of_cookie_.insert_or_assign(cookie, user_id);
}

// A user is known by an earlier request with the same cookie.
std::optional<CheckOwner> ServiceApi::probable_owner(const Call& call) {
  if (const auto user = user_of(call.request)) return *user;
  if (call.request.cookie(service_.cookie_name("heretix"))) return std::nullopt;
  return call.visitor_id;
}

// Who asks and, on the routes of one check, for what: in one round trip.
void ServiceApi::look_up(const Route& route, Call& call) {
  Sessions sessions(call.database, service_.secret());
  const auto cookie = call.request.cookie(service_.cookie_name("heretix"));
  const auto session = cookie ? sessions.query_for(*cookie) : std::nullopt;
  const bool names_check = route.pattern.path.starts_with("/api/checks/{id}") && is_uuid(call.parameters.at("id"));
  std::vector<Query> queries;
  if (session) queries.push_back(*session);
  if (names_check) queries.push_back(ServedChecks::query_for(CheckId{call.parameters.at("id")}));
  const auto found = call.database.query_all(queries);
  if (session) call.who = sessions.found(found.front());
  if (call.who) remember_user(*cookie, call.who->user.id);
  if (names_check) call.check = ServedChecks::found(found.back());
}

ServiceResponse ServiceApi::run_route(const Route& route, Call& call) {
  if (const auto visitor = call.request.cookie(service_.cookie_name("heretix-visitor"));
      visitor && visitor->size() == 43)
    call.visitor_id = VisitorId{service_.secret().hash("visitor", *visitor)};
  if (route.at_once != nullptr) {
    call.probably = probable_owner(call);
    if (auto response = route.at_once(service_, call)) return std::move(*response);
  }

  look_up(route, call);
  if (route.access != Audience::everybody && !call.who)
    return problem(call.request, 401, "Unauthorized", "sign in first", ErrorKind::not_allowed,
                   NotGrantedReason::require_signin);
  // An operator's page is not there for others.
  if (route.access == Audience::admin && !service_.settings().admins.contains(call.who->user.email))
    return problem(call.request, 404, "Not Found", "there is nothing here");
  return std::get<Handler>(route.handler)(service_, call);
}

namespace {

// As the clients of the three APIs send it; empty if there is none.
std::string key_in(const ServiceRequest& request) {
  const std::string authorization = request.header("authorization");
  if (to_lower_ascii(authorization.substr(0, 7)) == "bearer ") return std::string(trimmed(authorization.substr(7)));
  return request.header("x-goog-api-key");
}

ServiceResponse without_key(const ServiceRequest& request, const std::string& key) {
  const char* why = key.empty()
                        ? "no API key was sent; send one as a Bearer token. The operator of this service makes keys"
                        : "the API key is not known, or was revoked";
  ServiceResponse response = decision_error(request.path, 401, why);
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace

ServiceResponse ServiceApi::answer_program(const ProgramHandler& handler, const ServiceRequest& request) {
  const std::string key = key_in(request);
  std::optional<User> user;
  try {
    const auto database = service_.parts().databases.borrow();
    ApiKeys keys(*database, service_.secret());
    if (const auto query = keys.query_for(key)) user = keys.found((*database).query_all({*query}).front());
  } catch (const Error& e) {
    log_line(LogLevel::error, "error",
             {{"request_id", request.id}, {"kind", std::string(to_word(e.kind()))}, {"error", e.what()}});
    return decision_error(request.path, 503, "the service cannot do this now");
  }
  return user ? handler.run(service_, request, *user) : without_key(request, key);
}

ServiceResponse ServiceApi::answer(const ServiceRequest& request, const RouteResult& found) {
  if (changes_state(request.method)) require_same_origin(request);

  if (!found.routed && found.allowed.empty()) {
    // A browser that was led astray gets a page; a program that calls the API gets its form of an error.
    if (is_decision_path(request.path))
      return decision_error(request.path, 404, "there is nothing here; use POST /v1/systemone or GET /v1/models");
    const bool gets_page = !changes_state(request.method) && is_page_address(request.path);
    return gets_page && !service_.parts().web.empty() ? missing_page(service_)
                                                      : problem(request, 404, "Not Found", "there is nothing here");
  }

  if (!found.routed) {
    const std::string why = fmt::format("allowed: {}", fmt::join(found.allowed, ", "));
    ServiceResponse response = is_decision_path(request.path) ? decision_error(request.path, 405, why)
                                                              : problem(request, 405, "Method Not Allowed", why);
    response.headers.emplace_back("Allow", fmt::format("{}", fmt::join(found.allowed, ", ")));
    return response;
  }

  const Route& route = all_routes()[found.routed->route];
  if (const auto* handler = std::get_if<ProgramHandler>(&route.handler)) return answer_program(*handler, request);

  try {
    const auto database = service_.parts().databases.borrow();
    Call call{request, found.routed->parameters, *database, {}, {}, {}, {}, {}};
    return run_route(route, call);
  } catch (const Error& e) {
    if (route.without_database == nullptr || e.kind() != ErrorKind::unavailable) throw;
    return route.without_database(service_, request, found.routed->parameters);
  }
}

ServiceResponse ServiceApi::guarded(const ServiceRequest& request, const RouteResult& found,
                                    const std::function<ServiceResponse()>& body) const {
  const auto run = [&] {
    try {
      ServiceResponse response = body();
      response.headers.emplace_back("X-Request-Id", request.id);
      return response;
    } catch (const Refusal& e) {
      return problem(request, e.status(), std::string(reason_phrase(e.status())), e.what(), ErrorKind::bad_input);
    } catch (const Error& e) { return problem_of(request, e); } catch (const std::exception& e) {
      log_line(LogLevel::error, "error", {{"request_id", request.id}, {"kind", "broken"}, {"error", e.what()}});
      return problem(request, 500, "Internal Server Error", "the service cannot do this now", ErrorKind::broken);
    }
  };
  ServiceResponse response = run();
  if (found.routed) response.route = patterns()[found.routed->route].path;
  return response;
}

ServiceResponse ServiceApi::handle(const ServiceRequest& request) {
  const RouteResult found = find_route(patterns(), {.method = request.method, .path = request.path});
  return guarded(request, found, [&] { return answer(request, found); });
}

ServiceResponse ServiceApi::refused(const ServiceRequest& request, int status, const std::string& reason) {
  if (is_decision_path(request.path)) return decision_error(request.path, status, reason);
  return problem(request, status, std::string(reason_phrase(status)), reason);
}

// By pattern, never by path: a path may hold a link.
void ServiceApi::tell(const ServiceRequest& request, const ServiceResponse& response, std::chrono::microseconds took) {
  const std::string_view route = response.route.empty() ? "other" : response.route;
  service_.parts().metrics.count_request(route, response.status, request.method, took);
  if (route == "/healthz") return;
  log_line(LogLevel::info, "request",
           {{"request_id", request.id},
            {"method", response.route.empty() ? "other" : request.method},
            {"route", std::string(route)},
            {"status", std::int64_t{response.status}},
            {"ms", static_cast<double>(took.count()) / 1000},
            {"client", service_.secret().hash("network", network_of(request.address), 8)}});
}

ServiceResponse MetricsApplication::handle(const ServiceRequest& request) {
  if (request.path != "/metrics") return {.status = 404, .content_type = "text/plain", .body = "not found\n"};
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = text_()};
}

ServiceResponse MetricsApplication::refused(const ServiceRequest& request, int status, const std::string& reason) {
  return problem(request, status, std::string(reason_phrase(status)), reason);
}

}  // namespace heretix::http
