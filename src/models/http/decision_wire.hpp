// How to speak one decisions API: statements become a request body, and a response body becomes what was stated about
// each of them.
//
// A decision model states a probability and writes no text. A request holds one state and one or more questions about
// it; ours are statements, all under the same constant state (docs/decisions.md). Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/http/wire.hpp"

namespace heretix {

// One question of a request. The id is ours, and the answer comes back under it.
struct Statement {
  std::string id;
  std::string_view text;
};

// What a reply says of one statement.
struct Stated {
  std::string text;  // the answer object as compact JSON, without its `confidence`; empty: the reply holds none for it
  Ending ending = Ending::complete;
  std::string finish{};  // the provider's word for why there is no answer
  std::string notice{};  // for the person, beside the answer
};

// What a reply says of all of them. `request` has the model, the id, the usage and `no_answer`; its text is empty.
struct StatedTogether {
  Said request;
  std::vector<Stated> answers{};  // one for each statement, in their order; empty with `request.no_answer`
};

// The limits that a service states. Zero means that it names no limit.
struct DecisionLimits {
  std::size_t questions = 64;       // in one request; services that name no limit were seen to take that many
  std::size_t request_tokens = 0;   // of the state and all questions
  std::size_t question_tokens = 0;  // of the state and the longest question
};

class DecisionWire {
 public:
  virtual ~DecisionWire() = default;
  virtual std::string path() const = 0;  // behind the base URL
  virtual Body body(std::string_view model, std::string_view state, std::span<const Statement> statements) const = 0;

  // Reads a body that is a JSON object. Answers are found by their ids. Never throws.
  virtual StatedTogether read(const nlohmann::json& body, std::span<const Statement> statements) const = 0;

  virtual DecisionLimits limits() const = 0;
  virtual bool retries_conflicts() const = 0;  // the service's documentation says that a 409 is to be sent again
};

// What one answer object says, if its type is `type`, the one that was asked for. An answer of another type is kept as
// it came, with a notice: it states no probability of the statement.
Stated stated_by(const nlohmann::json& answer, std::string_view type);

// The same for an object that holds the answers by their ids; if it lacks an id, that text stays empty.
std::vector<Stated> stated_by_id(const nlohmann::json& answers, std::string_view type,
                                 std::span<const Statement> statements);

}  // namespace heretix
