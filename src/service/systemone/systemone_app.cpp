#include "service/systemone/systemone_app.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "service/http/log.hpp"

namespace heretix::http {
namespace {

constexpr std::string_view kDecide = "/v1/systemone";
constexpr std::string_view kModels = "/v1/models";
constexpr std::string_view kOpenAi = "/v1/decisions";
constexpr std::string_view kGoogle = "/v1beta/decisions";
constexpr const char* kTooSlow =
    "fewer than four wordings could be asked in time; what was answered is kept, so try again";
constexpr std::array<std::string_view, 2> kAliases = {"jev-latest", "jev-preview"};
constexpr std::size_t kMostKeptBytes = 64 << 20;

ServiceResponse response_of(int status, std::string body, std::string_view route) {
  return {.status = status, .body = std::move(body), .headers = {{"Cache-Control", "no-store"}}, .route = route};
}

ServiceResponse error_of(int status, std::string_view type, std::string_view message, std::string_view route) {
  return response_of(status, decision_error_json(type, message).dump(), route);
}

struct ErrorForm {
  int status;
  std::string_view type;
};

// Clients try 5xx and 429 again, and nothing else.
ErrorForm form_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_input: return {422, "invalid_request_error"};
    case ErrorKind::not_found: return {404, "not_found_error"};
    case ErrorKind::not_allowed: return {403, "permission_error"};
    case ErrorKind::limit_reached: return {402, "billing_error"};
    case ErrorKind::too_many: return {429, "rate_limit_error"};
    case ErrorKind::conflict: return {409, "conflict_error"};
    case ErrorKind::too_large: return {413, "request_too_large"};
    case ErrorKind::unavailable:
    case ErrorKind::stopped: return {503, "overloaded_error"};
    case ErrorKind::in_doubt:
    case ErrorKind::broken: return {500, "api_error"};
  }
  return {500, "api_error"};
}

std::string_view type_of_status(int status) {
  if (status == 404 || status == 405) return "not_found_error";
  if (status == 413) return "request_too_large";
  if (status == 429) return "rate_limit_error";
  return status >= 500 ? "api_error" : "invalid_request_error";
}

}  // namespace

bool names_model(const std::string& named, const std::vector<std::string>& own_names) {
  return std::ranges::find(own_names, named) != own_names.end() || std::ranges::find(kAliases, named) != kAliases.end();
}

std::string decision_body(const std::string& model, bool is_mock, const DecisionRequest& request,
                          const std::vector<DecisionAnswer>& answers) {
  using Json = nlohmann::ordered_json;
  Json by_id = Json::object();
  long input = 0, output = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    by_id[request.questions[i].id] = to_json(answers[i], request.questions[i].question);
    input += answers[i].input_tokens;
    output += answers[i].output_tokens;
  }
  Json body = {{"model", model}, {"answers", by_id}, {"usage", {{"input_tokens", input}, {"output_tokens", output}}}};
  if (is_mock) body["x_mock"] = true;
  return body.dump();
}

std::optional<ServiceResponse> SystemOneApp::answer_at_once(const ServiceRequest& request) {
  if (request.path != kDecide || request.method != "POST") return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto found = by_asked_.find(request.body);
  if (found == by_asked_.end()) return std::nullopt;
  kept_.splice(kept_.begin(), kept_, found->second);
  return response_of(200, found->second->second, kDecide);
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
  const bool is_shaped = request.path == kOpenAi || request.path == kGoogle;
  const bool is_decide = request.path == kDecide || is_shaped;
  if (!is_decide && request.path != kModels && request.path != "/health")
    return error_of(404, "not_found_error",
                    fmt::format("there is nothing here; use POST {} or GET {}", kDecide, kModels), {});
  const std::string_view method = is_decide ? "POST" : "GET";
  if (request.method != method && !(method == "GET" && request.method == "HEAD")) {
    ServiceResponse response =
        error_of(405, "not_found_error", fmt::format("use {} here, not {}", method, request.method), {});
    response.headers.emplace_back("Allow", std::string(method));
    return response;
  }
  if (request.path == "/health") return response_of(200, R"({"status":"ok"})", "/health");
  if (!is_decide) return models();
  if (is_shaped) return decide_shaped(request.path == kOpenAi ? DecisionShape::openai : DecisionShape::google, request);
  try {
    return decide(request);
  } catch (const Error& e) {
    const ErrorForm form = form_of(e.kind());
    return error_of(form.status, form.type, e.what(), kDecide);
  } catch (const std::exception& e) {
    log_line(LogLevel::error, "error", {{"request_id", request.id}, {"kind", "broken"}, {"error", e.what()}});
    return error_of(500, "api_error", "the server cannot do this now", kDecide);
  }
}

ServiceResponse SystemOneApp::decide(const ServiceRequest& request) {
  const ReadRequest read = read_decision_request(request.body);
  if (!read.faults.empty()) return response_of(422, faults_json(read.faults).dump(), kDecide);
  if (!names_model(read.request.model, own_names_))
    return error_of(404, "not_found_error",
                    fmt::format("the model {} is not served here; this server has {}, which jev-latest means too",
                                read.request.model, own_names_.front()),
                    kDecide);

  const DecisionDesk::Answered answered = desk_.answer(read.request);
  if (answered.answers.empty()) {
    if (answered.failure && answered.failure->kind() != ErrorKind::unavailable) throw Error(*answered.failure);
    ServiceResponse response =
        error_of(503, "overloaded_error", answered.failure ? answered.failure->what() : kTooSlow, kDecide);
    response.headers.emplace_back("Retry-After", std::to_string(answered.retry_after.count()));
    return response;
  }
  std::string body = decision_body(own_names_.front(), desk_.facts().mode.is_mock(), read.request, answered.answers);
  if (answered.is_final) keep(request.body, body);
  return response_of(200, std::move(body), kDecide);
}

ServiceResponse SystemOneApp::decide_shaped(DecisionShape shape, const ServiceRequest& request) {
  const std::string_view route = shape == DecisionShape::openai ? kOpenAi : kGoogle;
  const auto refuse = [&](int status, std::string_view type, const std::string& message,
                          const std::string& place = {}) {
    return response_of(status, shaped_error(shape, status, type, message, place), route);
  };
  try {
    const ReadRequest read = read_shaped_request(shape, request.body);
    if (!read.faults.empty())
      return refuse(400, "invalid_request_error", read.faults[0].message, place_of(read.faults[0]));
    if (!names_model(read.request.model, own_names_))
      return refuse(404, "not_found_error",
                    fmt::format("the model {} is not served here; this server has {}, which jev-latest means too",
                                read.request.model, own_names_.front()));

    const DecisionDesk::Answered answered = desk_.answer(read.request);
    if (answered.answers.empty()) {
      const ErrorForm form = answered.failure ? form_of(answered.failure->kind()) : ErrorForm{503, "overloaded_error"};
      ServiceResponse response = refuse(form.status, form.type, answered.failure ? answered.failure->what() : kTooSlow);
      if (form.status == 503)
        response.headers.emplace_back("Retry-After", std::to_string(answered.retry_after.count()));
      return response;
    }
    return response_of(
        200, shaped_response(shape, request.body, own_names_.front(), desk_.facts().mode.is_mock(), answered.answers),
        route);
  } catch (const std::exception& e) {
    log_line(LogLevel::error, "error", {{"request_id", request.id}, {"kind", "broken"}, {"error", e.what()}});
    return refuse(500, "api_error", "the server cannot do this now");
  }
}

ServiceResponse SystemOneApp::models() const {
  const nlohmann::json model = {
      {"name", own_names_.front()},
      {"description", desk_.facts().mode.is_mock()
                          ? "Mock numbers: a script answers in the model's place; no model is asked."
                          : "Asked in many neutral wordings by Heretix; jev-latest means this model too."},
      {"release_date", release_date_}};
  return response_of(200, nlohmann::json{{"models", nlohmann::json::array({model})}}.dump(), kModels);
}

ServiceResponse SystemOneApp::refused(const ServiceRequest& request, int status, const std::string& reason) {
  (void)request;
  return error_of(status, type_of_status(status), reason, {});
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
