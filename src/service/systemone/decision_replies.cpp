#include "service/systemone/decision_replies.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "belief/decide/decision_shapes.hpp"
#include "service/http/error_status.hpp"
#include "service/http/log.hpp"

namespace heretix::http {
namespace {

constexpr const char* kTooSlow =
    "fewer than four wordings could be asked in time; what was answered is kept, so try again";

ServiceResponse response_of(int status, std::string body, std::string_view route) {
  return {.status = status, .body = std::move(body), .headers = {{"Cache-Control", "no-store"}}, .route = route};
}

// In the words of System One.
std::string_view type_of_status(int status) {
  switch (status) {
    case 401: return "authentication_error";
    case 402: return "billing_error";
    case 403: return "permission_error";
    case 404:
    case 405: return "not_found_error";
    case 409: return "conflict_error";
    case 413: return "request_too_large";
    case 429: return "rate_limit_error";
    case 503: return "overloaded_error";
    default: return status >= 500 ? "api_error" : "invalid_request_error";
  }
}

std::string_view route_of(std::string_view path) {
  for (const std::string_view route : {kDecide, kDecideOpenAi, kDecideGoogle, kDecisionModels})
    if (path == route) return route;
  return {};
}

std::optional<DecisionShape> shape_of(std::string_view path) {
  if (path == kDecideOpenAi) return DecisionShape::openai;
  if (path == kDecideGoogle) return DecisionShape::google;
  return std::nullopt;
}

ServiceResponse with_retry_after(ServiceResponse response, std::chrono::seconds time) {
  response.headers.emplace_back("Retry-After", std::to_string(time.count()));
  return response;
}

// What went wrong inside is for the log.
ServiceResponse broken(const ServiceRequest& request, const std::string& what) {
  log_line(LogLevel::error, "error", {{"request_id", request.id}, {"kind", "broken"}, {"error", what}});
  return decision_error(request.path, 500, "the server cannot do this now");
}

// What is wrong with the request, field by field where the form has a place for that.
ServiceResponse faults_reply(const ServiceRequest& request, const std::vector<RequestFault>& faults) {
  const auto shape = shape_of(request.path);
  if (!shape) return response_of(422, faults_json(faults).dump(), kDecide);
  return response_of(400,
                     shaped_error(*shape, 400, type_of_status(400), faults.front().message, place_of(faults.front())),
                     route_of(request.path));
}

ServiceResponse answers_reply(const ServiceRequest& request, const DecisionRequest& asked, const DecisionsMade& made) {
  const DecisionDesk::Answered& answered = made.answered;
  if (answered.answers.empty()) {
    const int status = answered.failure ? status_of(answered.failure->kind()) : 503;
    if (status == 500) return broken(request, answered.failure->what());
    ServiceResponse response =
        decision_error(request.path, status, answered.failure ? answered.failure->what() : kTooSlow);
    return status == 503 ? with_retry_after(std::move(response), answered.retry_after) : response;
  }
  const auto shape = shape_of(request.path);
  return response_of(200,
                     shape ? shaped_response(*shape, request.body, made.model, made.is_mock, answered.answers)
                           : decision_body(made.model, made.is_mock, asked, answered.answers),
                     route_of(request.path));
}

}  // namespace

bool is_decision_path(std::string_view path) {
  return path == "/v1" || path == "/v1beta" || path.starts_with("/v1/") || path.starts_with("/v1beta/");
}

ServiceResponse decision_error(std::string_view path, int status, const std::string& message) {
  const auto shape = shape_of(path);
  const std::string_view type = type_of_status(status);
  return response_of(status,
                     shape ? shaped_error(*shape, status, type, message) : decision_error_json(type, message).dump(),
                     route_of(path));
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

ServiceResponse decision_reply(const ServiceRequest& request,
                               const std::function<DecisionsMade(const DecisionRequest&)>& make) {
  try {
    const auto shape = shape_of(request.path);
    const ReadRequest read = shape ? read_shaped_request(*shape, request.body) : read_decision_request(request.body);
    if (!read.faults.empty()) return faults_reply(request, read.faults);
    return answers_reply(request, read.request, make(read.request));
  } catch (const DecisionRefusal& e) {
    ServiceResponse response = decision_error(request.path, e.status(), e.what());
    return e.retry_after() ? with_retry_after(std::move(response), *e.retry_after()) : response;
  } catch (const Error& e) {
    const int status = status_of(e.kind());
    if (status == 500) return broken(request, e.what());
    ServiceResponse response = decision_error(request.path, status, e.what());
    return status == 503 || status == 429 ? with_retry_after(std::move(response), std::chrono::seconds(1)) : response;
  } catch (const std::exception& e) { return broken(request, e.what()); }
}

nlohmann::json decision_model_json(const std::string& name, bool is_mock, bool has_alias, const std::string& day) {
  return {{"name", name},
          {"description", is_mock     ? "Mock numbers: a script answers in the model's place; no model is asked."
                          : has_alias ? "Asked in many neutral wordings by Heretix; jev-latest means this model too."
                                      : "Asked in many neutral wordings by Heretix."},
          {"release_date", day}};
}

ServiceResponse decision_models(const nlohmann::json& models) {
  return response_of(200, nlohmann::json{{"models", models}}.dump(), kDecisionModels);
}

}  // namespace heretix::http
