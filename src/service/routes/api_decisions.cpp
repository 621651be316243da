// The System One API for programs that sign in by a key, and the decisions that a user's programs had made.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "service/checks/web_words.hpp"
#include "service/http/log.hpp"
#include "service/routes/service_context.hpp"
#include "service/systemone/decision_replies.hpp"

namespace heretix::http {
namespace {

using nlohmann::json;

constexpr std::size_t kDefaultPage = 50;
constexpr int kMostOfPage = 200;
constexpr std::size_t kShownState = 600;  // characters
constexpr std::chrono::seconds kDay = std::chrono::days(1);

DecisionIntake& intake_of(const ServiceContext& service) {
  if (service.parts().decisions == nullptr) throw Error(ErrorKind::unavailable, "this process answers no decisions");
  return *service.parts().decisions;
}

// How long until there are checks again. Clients wait no longer than some seconds, so they report the error at once.
std::chrono::seconds until_next_period(const User& user) {
  if (service_plan(user.plan).per == Per::ever) return kDay;
  using namespace std::chrono;
  const auto now = floor<seconds>(system_clock::now());
  const year_month_day today{floor<days>(now)};
  const year_month next = today.year() / today.month() + months(1);
  return sys_days(next / 1) - now;
}

std::string for_people(const Error& e) {
  return in_web_words(e.hint().empty() ? std::string(e.what()) : fmt::format("{}; {}", e.what(), e.hint()));
}

// What the plan does not grant is told as a limit on use, which the clients of all three APIs know.
[[noreturn]] void refuse(const NotGranted& e, const User& user) {
  throw DecisionRefusal(429, for_people(e), until_next_period(user));
}

// Whether a model's server knows the operator's key, or has been paid, is no matter of whoever asks.
Error told_failure(const ServiceRequest& request, const Error& failure) {
  if (failure.kind() != ErrorKind::not_allowed && failure.kind() != ErrorKind::limit_reached)
    return {failure.kind(), for_people(failure)};
  log_line(LogLevel::warning, "decision", {{"request_id", request.id}, {"error", failure.what()}});
  return {ErrorKind::unavailable, "the model cannot be asked now"};
}

ServiceResponse decide(ServiceContext& service, const ServiceRequest& request, const User& user) {
  return decision_reply(request, [&](const DecisionRequest& asked) {
    DecisionIntake& intake = intake_of(service);
    const OfferedModel& model = intake.model_of(asked.model);
    DecisionsMade made{.model = model.facts.model.text(), .is_mock = model.facts.mode.is_mock(), .answered = {}};
    try {
      made.answered = intake.answer(user, model, asked);
    } catch (const NotGranted& e) { refuse(e, user); } catch (const Error& e) {
      throw Error(e.kind(), for_people(e));
    }
    if (made.answered.failure) made.answered.failure = told_failure(request, *made.answered.failure);
    return made;
  });
}

ServiceResponse list_decision_models(ServiceContext& service, const ServiceRequest& /*request*/, const User& /*user*/) {
  static const std::string day = utc_day(unix_seconds(SystemClock().now()));
  json models = json::array();
  for (const OfferedModel& model : service.parts().models)
    models.push_back(decision_model_json(model.name, model.facts.mode.is_mock(), models.empty(), day));
  return decision_models(models);
}

json decision_json(const ServedDecision& decision) {
  return {{"id", decision.id},
          {"model", decision.model},
          {"mock", decision.is_mock},
          {"state", shortened(decision.state, kShownState)},
          {"question", decision.question.text()},
          {"answer", json(to_json(*decision.answer, decision.question))},
          {"created_at", as_rfc3339(decision.created_at)},
          {"answered_at", as_rfc3339(decision.answered_at.value_or(decision.created_at))},
          {"last_asked_at", as_rfc3339(decision.last_asked_at)}};
}

ListedDecisions wanted_of(const ServiceRequest& request) {
  ListedDecisions wanted{.before = {}, .most = kDefaultPage};
  if (const auto before = request.parameter("before")) {
    if (!is_uuid(*before)) throw Refusal(422, "before must be the id of a decision");
    wanted.before = *before;
  }
  if (const auto limit = request.parameter("limit")) {
    const bool is_number =
        !limit->empty() && limit->size() <= 3 && limit->find_first_not_of("0123456789") == std::string::npos;
    const int most = is_number ? std::stoi(*limit) : 0;
    if (most < 1 || most > kMostOfPage)
      throw Refusal(422, fmt::format("limit must be a whole number from 1 to {}", kMostOfPage));
    wanted.most = static_cast<std::size_t>(most);
  }
  return wanted;
}

ServiceResponse list_decisions(ServiceContext& /*service*/, Call& call) {
  // One more is read than is shown: where it exists, there is a next page.
  ListedDecisions wanted = wanted_of(call.request);
  const std::size_t most = wanted.most++;
  std::vector<ServedDecision> decisions = DecisionLog(call.database).list(call.who->user.id, wanted);
  const bool has_next = decisions.size() > most;
  if (has_next) decisions.pop_back();

  json listed = json::array();
  for (const ServedDecision& decision : decisions) listed.push_back(decision_json(decision));
  return json_response(200, {{"decisions", listed}, {"next", has_next ? json(decisions.back().id) : json(nullptr)}});
}

}  // namespace

std::span<const Route> decision_routes() {
  static constexpr ProgramHandler kAnswers{&decide};
  static constexpr std::array kRoutes = {
      Route{{"POST", "/v1/systemone"}, Audience::user, kAnswers},
      Route{{"POST", "/v1/decisions"}, Audience::user, kAnswers},
      Route{{"POST", "/v1beta/decisions"}, Audience::user, kAnswers},
      Route{{"GET", "/v1/models"}, Audience::user, ProgramHandler{&list_decision_models}},
      Route{{"GET", "/api/decisions"}, Audience::user, &list_decisions}};
  return kRoutes;
}

}  // namespace heretix::http
