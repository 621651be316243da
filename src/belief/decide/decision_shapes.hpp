// The same questions in the forms of two other services: OpenAI's Decisions API and Google's. A request in either form
// is read as one of System One, and its answers are told in the form in which it came. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "belief/decide/decision_answer.hpp"
#include "belief/decide/decision_request.hpp"

namespace heretix {

enum class DecisionShape { openai, google };

// Questions of OpenAI's form have the ids "0", "1", … in their order. Unknown fields are ignored.
ReadRequest read_shaped_request(DecisionShape shape, std::string_view body);

// `body`: the request, which read_shaped_request() found nothing wrong with. The model is told where the form has a
// place for it; `is_mock` says that a script answered in its place.
std::string shaped_response(DecisionShape shape, std::string_view body, const std::string& model, bool is_mock,
                            const std::vector<DecisionAnswer>& answers);

// An error in that form.
std::string shaped_error(DecisionShape shape, int status, std::string_view type, const std::string& message,
                         const std::string& place = {});

// The first fault, as a message and its place: "questions.0.choices".
std::string place_of(const RequestFault& fault);

}  // namespace heretix
