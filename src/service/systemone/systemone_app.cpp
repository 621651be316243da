#include "service/systemone/systemone_app.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "belief/decide/model_names.hpp"
#include "service/http/log.hpp"
#include "service/systemone/decision_replies.hpp"

namespace heretix::http {
namespace {

constexpr std::size_t kMostKeptBytes = 64 << 20;

}  // namespace

std::optional<ServiceResponse> SystemOneApp::answer_at_once(const ServiceRequest& request) {
  if (request.path != kDecide || request.method != "POST") return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto found = by_asked_.find(request.body);
  if (found == by_asked_.end()) return std::nullopt;
  kept_.splice(kept_.begin(), kept_, found->second);
  return ServiceResponse{.body = found->second->second, .headers = {{"Cache-Control", "no-store"}}, .route = kDecide};
}

void SystemOneApp::keep(const std::string& asked, const std::string& answered) {
  const std::lock_guard lock(mutex_);
  if (by_asked_.contains(asked) || asked.size() + answered.size() > kMostKeptBytes / 16) return;
  kept_.emplace_front(asked, answered);
  by_asked_.emplace(kept_.front().first, kept_.begin());
  kept_bytes_ += asked.size() + answered.size();
  while (kept_bytes_ > kMostKeptBytes) {
    kept_bytes_ -= kept_.back().first.size() + kept_.back().second.size();
    by_asked_.erase(kept_.back().first);
    kept_.pop_back();
  }
}

ServiceResponse SystemOneApp::handle(const ServiceRequest& request) {
  const bool is_decide = request.path == kDecide || request.path == kDecideOpenAi || request.path == kDecideGoogle;
  if (!is_decide && request.path != kDecisionModels && request.path != "/health")
    return decision_error({}, 404,
                          fmt::format("there is nothing here; use POST {} or GET {}", kDecide, kDecisionModels));
  const std::string_view method = is_decide ? "POST" : "GET";
  if (request.method != method && !(method == "GET" && request.method == "HEAD")) {
    ServiceResponse response = decision_error({}, 405, fmt::format("use {} here, not {}", method, request.method));
    response.headers.emplace_back("Allow", std::string(method));
    return response;
  }
  if (request.path == "/health")
    return {.body = R"({"status":"ok"})", .headers = {{"Cache-Control", "no-store"}}, .route = "/health"};
  return is_decide ? decide(request) : models();
}

ServiceResponse SystemOneApp::decide(const ServiceRequest& request) {
  bool is_final = false;
  ServiceResponse response = decision_reply(request, [&](const DecisionRequest& asked) {
    if (!is_model_alias(asked.model) && std::ranges::find(own_names_, asked.model) == own_names_.end())
      throw Error(ErrorKind::not_found,
                  fmt::format("the model {} is not served here; this server has {}, which jev-latest means too",
                              asked.model, own_names_.front()));
    DecisionsMade made{.model = own_names_.front(), .is_mock = desk_.facts().mode.is_mock(), .answered = {}};
    made.answered = desk_.answer(asked);
    is_final = made.answered.is_final;
    return made;
  });
  if (is_final && response.status == 200 && request.path == kDecide) keep(request.body, response.body);
  return response;
}

ServiceResponse SystemOneApp::models() const {
  return decision_models(nlohmann::json::array(
      {decision_model_json(own_names_.front(), desk_.facts().mode.is_mock(), true, release_date_)}));
}

ServiceResponse SystemOneApp::refused(const ServiceRequest& /*request*/, int status, const std::string& reason) {
  return decision_error({}, status, reason);
}

void SystemOneApp::tell(const ServiceRequest& request, const ServiceResponse& response,
                        std::chrono::microseconds took) {
  if (response.status < 500) return;
  log_line(LogLevel::warning, "request",
           {{"request_id", request.id},
            {"route", std::string(response.route)},
            {"status", std::int64_t{response.status}},
            {"ms", static_cast<double>(took.count()) / 1000}});
}

}  // namespace heretix::http
