// The API of the service: finds out who asks and which route is meant, calls its handler and returns the response.
// api/openapi.yaml is its contract, and a test compares the two.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/identity.hpp"
#include "service/http/server.hpp"
#include "service/routes/service_context.hpp"

namespace heretix::http {

class ServiceApi final : public Application {
 public:
  ServiceApi(ApiParts parts, ApiSettings settings) : service_(std::move(parts), std::move(settings)) {}

  std::optional<UserId> user_of(const ServiceRequest& request) override;
  std::size_t most_body(const ServiceRequest& request) override;
  std::optional<ServiceResponse> answer_at_once(const ServiceRequest& request) override;
  ServiceResponse handle(const ServiceRequest& request) override;
  ServiceResponse refused(const ServiceRequest& request, int status, const std::string& reason) override;
  void tell(const ServiceRequest& request, const ServiceResponse& response, std::chrono::microseconds took) override;

  // From now on /readyz answers 503.
  void start_draining() { service_.start_draining(); }
  // The routes, each as "GET /api/checks/{id}", for the test that compares them with openapi.yaml.
  static std::vector<std::string> routes();

 private:
  ServiceResponse answer(const ServiceRequest& request, const RouteResult& found);
  ServiceResponse guarded(const ServiceRequest& request, const RouteResult& found,
                          const std::function<ServiceResponse()>& body) const;
  std::optional<CheckOwner> probable_owner(const Call& call);
  void look_up(const Route& route, Call& call);
  void remember_user(const std::string& cookie, const UserId& user_id);
  ServiceResponse run_route(const Route& route, Call& call);
  ServiceResponse answer_program(const ProgramHandler& handler, const ServiceRequest& request);
  bool is_own_origin(const std::string& origin) const;
  void require_same_origin(const ServiceRequest& request) const;
  ServiceResponse problem_of(const ServiceRequest& request, const Error& error) const;

  ServiceContext service_;
  // The users whose cookies came in lately, so that their next requests can be counted before the database is asked.
  std::mutex users_mutex_;
  std::unordered_map<std::string, UserId> user_of_cookie_;
};

// An error in the form of RFC 9457, with the id of the request; 429 and 503 say when to try again.
ServiceResponse problem(const ServiceRequest& request, int status, const std::string& title, const std::string& detail,
                        std::optional<ErrorKind> kind = {}, std::optional<NotGrantedReason> reason = {});

// Sent with every response.
std::vector<std::pair<std::string, std::string>> security_headers(bool is_secure);

// Serves /metrics and nothing else, on a port of its own.
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
