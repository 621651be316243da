// What System One's clients get as replies, with or without accounts: a request is read, whoever holds the answers is
// asked for them, and what they are or why there are none is told in the form of the client's API.
//
// POST /v1/systemone is TypeSafe's own form; the same questions may come in the forms of OpenAI (POST /v1/decisions)
// and of Google (POST /v1beta/decisions).
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "measure/systemone/decision_desk.hpp"
#include "service/http/body.hpp"
#include "service/http/message.hpp"

namespace heretix::http {

inline constexpr std::string_view kDecide = "/v1/systemone";
inline constexpr std::string_view kDecideOpenAi = "/v1/decisions";
inline constexpr std::string_view kDecideGoogle = "/v1beta/decisions";
inline constexpr std::string_view kDecisionModels = "/v1/models";

// Whether an error about that path is told in the form of System One's clients.
bool is_decision_path(std::string_view path);

// A reply that is no answer, with a status that the kinds of errors do not have.
class DecisionRefusal : public Refusal {
 public:
  DecisionRefusal(int status, const std::string& reason, std::optional<std::chrono::seconds> retry_after = {})
      : Refusal(status, reason), retry_after_(retry_after) {}
  std::optional<std::chrono::seconds> retry_after() const { return retry_after_; }

 private:
  std::optional<std::chrono::seconds> retry_after_;
};

struct DecisionsMade {
  std::string model;  // as the reply names it
  bool is_mock = false;
  DecisionDesk::Answered answered;
};

// Replies to the request, which is one of the three POSTs, by what `make` answers. `make` may throw Error and Refusal;
// nothing is thrown here.
ServiceResponse decision_reply(const ServiceRequest& request,
                               const std::function<DecisionsMade(const DecisionRequest&)>& make);

// An error in the form of that path's API.
ServiceResponse decision_error(std::string_view path, int status, const std::string& message);

// A model of GET /v1/models.
nlohmann::json decision_model_json(const std::string& name, bool is_mock, bool has_alias, const std::string& day);
ServiceResponse decision_models(const nlohmann::json& models);

// The body of a reply whose questions were answered. Numbers are those of the answers; the order is the request's.
// `is_mock`: a script answered in the model's place, which the reply says.
std::string decision_body(const std::string& model, bool is_mock, const DecisionRequest& request,
                          const std::vector<DecisionAnswer>& answers);

}  // namespace heretix::http
