// A request of the System One API (TypeSafe): a state, and questions about it that are answered by probabilities.
//
// A noul is answered by yes or no, a choice by one of up to 255 options, a score by one of up to ten levels. What is
// wrong with a request is told field by field, in the form that the API's clients read. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace heretix {

inline constexpr std::size_t kMostDecisionQuestions = 400;  // of one request
inline constexpr std::size_t kMostOptions = 255;
inline constexpr std::size_t kMostLevels = 10;
inline constexpr std::size_t kMostQuestionBytes = 16'000;  // of a question's text with its descriptions of yes and no

enum class DecisionKind { noul, choice, score };
std::string_view to_word(DecisionKind kind);

// An option of a choice, or a level of a score, whose name is its number.
struct DecisionOption {
  std::string name;
  std::string description;  // empty: none was given
  bool operator==(const DecisionOption&) const = default;
};

// What structured text (an object or an array) became is its compact JSON.
struct DecisionQuestion {
  DecisionKind kind = DecisionKind::noul;
  std::string instructions;               // empty: none were given
  std::string yes, no;                    // of a noul: what they mean; empty: it is not said
  std::vector<DecisionOption> options{};  // as they were given

  bool operator==(const DecisionQuestion&) const = default;

  // The question as a model is asked it.
  std::string text() const;
};

struct NamedQuestion {
  std::string id;
  DecisionQuestion question;
};

struct DecisionRequest {
  std::string model;
  std::string state;
  std::vector<NamedQuestion> questions;  // in the order of the request
};

// What is wrong with one field.
struct RequestFault {
  std::vector<std::string> location;  // below the body: {"questions", "refund", "type"}
  std::string message;
  std::string type;  // a word for programs: "missing", "string_type"
};

struct ReadRequest {
  DecisionRequest request{};
  std::vector<RequestFault> faults{};  // the request counts only if there are none
};

// Reads a body. Unknown fields are ignored.
ReadRequest read_decision_request(std::string_view body);

// The body of a response with status 422: {"detail":[{"loc":["body",…],"msg":…,"type":…}]}.
nlohmann::json faults_json(const std::vector<RequestFault>& faults);

// The body of any other error.
nlohmann::json decision_error_json(std::string_view type, std::string_view message);

// Whether the state says nothing, so that a statement is judged by general knowledge: it is blank, an empty object or
// array, or one of these texts.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a state before what counts as none
bool is_neutral_state(std::string_view state, std::string_view also_neutral);

// The question with its options in the order of their names, so that the order of the request does not matter. Levels
// of a score keep theirs.
DecisionQuestion canonical_question(DecisionQuestion question);

// The same question has the same key, whatever its id. `question` is canonical.
std::string decision_key(const std::string& state, const DecisionQuestion& question);

// For the store: everything that the question is made of.
nlohmann::json to_json(const DecisionQuestion& question);
DecisionQuestion decision_question_from(const nlohmann::json& stored);  // throws nlohmann's exceptions

}  // namespace heretix
