#include "belief/decide/decision_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/sha256.hpp"
#include "base/strict_json.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

using Json = nlohmann::ordered_json;  // options are told in the order in which they were given

constexpr int kDeepest = 64;  // levels of a body; what is nested deeper could exhaust the stack when it is written out
constexpr std::size_t kMostIdBytes = 1024;

class Reader {
 public:
  ReadRequest read(std::string_view body) {
    if (is_nested_deeper(body, kDeepest)) {
      fault({}, fmt::format("The body is nested more than {} levels deep", kDeepest), "json_invalid");
      return std::move(read_);
    }
    const Json json = Json::parse(body, nullptr, false);
    if (json.is_discarded()) fault({}, "The body is not valid JSON in UTF-8", "json_invalid");
    else if (!json.is_object()) fault({}, "The body must be a JSON object", "dict_type");
    else read_body(json);
    return std::move(read_);
  }

 private:
  using Place = std::vector<std::string>;

  void fault(Place place, std::string message, std::string type) {
    read_.faults.push_back({std::move(place), std::move(message), std::move(type)});
  }

  static Place below(Place place, const std::string& name) {
    place.push_back(name);
    return place;
  }

  void read_body(const Json& body) {
    const auto model = body.find("model");
    if (model == body.end()) fault({"model"}, "Field required", "missing");
    else if (!model->is_string() || is_blank(model->get_ref<const std::string&>()))
      fault({"model"}, "The model must be a string that is not empty", "string_type");
    else read_.request.model = *model;

    const auto state = body.find("state");
    if (state == body.end()) fault({"state"}, "Field required", "missing");
    else if (!state->is_string() && !state->is_object() && !state->is_array())
      fault({"state"}, "The state must be a string, an object or an array", "value_error");
    else read_.request.state = text_of(*state);

    const auto assets = body.find("assets");
    if (assets != body.end() && !assets->is_null() && !assets->empty())
      fault({"assets"}, "Assets are not supported: this server reads text only", "value_error");

    read_questions(body);
  }

  void read_questions(const Json& body) {
    const auto questions = body.find("questions");
    if (questions == body.end()) return fault({"questions"}, "Field required", "missing");
    if (!questions->is_object())
      return fault({"questions"}, "The questions must be an object from ids to questions", "dict_type");
    if (questions->empty()) return fault({"questions"}, "There must be at least one question", "too_short");
    if (questions->size() > kMostDecisionQuestions)
      return fault({"questions"},
                   fmt::format("There are {} questions; at most {} are allowed in one request", questions->size(),
                               kMostDecisionQuestions),
                   "too_long");
    for (const auto& [id, question] : questions->items()) read_question(id, question);
  }

  void read_question(const std::string& id, const Json& json) {
    const Place place = {"questions", id};
    if (id.empty()) return fault(place, "The id of a question must not be empty", "string_too_short");
    if (id.size() > kMostIdBytes)
      return fault({"questions"}, fmt::format("The id of a question has more than {} bytes", kMostIdBytes),
                   "string_too_long");
    if (!json.is_object()) return fault(place, "A question must be an object", "dict_type");

    const auto type = json.find("type");
    if (type == json.end()) return fault(below(place, "type"), "Field required", "missing");
    const std::optional<DecisionKind> kind = kind_of(*type);
    if (!kind) return fault(below(place, "type"), "The type must be 'noul', 'choice' or 'score'", "literal_error");

    DecisionQuestion question{.kind = *kind, .instructions = {}, .yes = {}, .no = {}};
    if (const auto text = json.find("instructions"); text != json.end())
      question.instructions = description(*text, below(place, "instructions"));
    const auto criteria = json.find("criteria");
    const Json& given = criteria == json.end() ? kNull : *criteria;
    if (*kind == DecisionKind::noul) read_noul(given, place, question);
    if (*kind == DecisionKind::choice) read_choice(given, place, question);
    if (*kind == DecisionKind::score) read_score(given, place, question);
    if (question.text().size() > kMostQuestionBytes)
      fault(
          place,
          fmt::format("The question has more than {} bytes; put what is to be read into the state", kMostQuestionBytes),
          "string_too_long");
    read_.request.questions.push_back({id, std::move(question)});
  }

  void read_noul(const Json& criteria, const Place& place, DecisionQuestion& question) {
    const Place here = below(place, "criteria");
    if (!criteria.is_null() && !criteria.is_object())
      return fault(here, "The criteria of a noul must be an object with 'true' and 'false'", "dict_type");
    if (criteria.is_object()) {
      if (const auto yes = criteria.find("true"); yes != criteria.end())
        question.yes = description(*yes, below(here, "true"));
      if (const auto no = criteria.find("false"); no != criteria.end())
        question.no = description(*no, below(here, "false"));
    }
    if (question.instructions.empty() && question.yes.empty() && question.no.empty())
      fault(below(place, "instructions"), "A noul needs instructions, or criteria that describe an outcome",
            "value_error");
  }

  void read_choice(const Json& criteria, const Place& place, DecisionQuestion& question) {
    const Place here = below(place, "criteria");
    if (criteria.is_null()) return fault(here, "Field required", "missing");
    if (!criteria.is_object())
      return fault(here, "The criteria of a choice must be an object from options to descriptions", "dict_type");
    require_count(criteria.size(), kMostOptions, "options", here);
    for (const auto& [name, text] : criteria.items()) {
      if (is_blank(name)) fault(here, "The name of an option must not be empty", "string_too_short");
      question.options.push_back({name, description(text, below(here, name))});
    }
  }

  void read_score(const Json& criteria, const Place& place, DecisionQuestion& question) {
    const Place here = below(place, "criteria");
    if (criteria.is_null()) return fault(here, "Field required", "missing");
    if (!criteria.is_array())
      return fault(here, "The criteria of a score must be a list of levels, the lowest first", "list_type");
    require_count(criteria.size(), kMostLevels, "levels", here);
    for (std::size_t i = 0; i < criteria.size(); ++i) {
      const std::string number = std::to_string(i);
      std::string text = description(criteria[i], below(here, number));
      if (text.empty() && (criteria[i].is_null() || criteria[i].is_string()))
        fault(below(here, number), "A level must be described", "value_error");
      question.options.push_back({number, std::move(text)});
    }
  }

  void require_count(std::size_t count, std::size_t most, const char* what, const Place& place) {
    if (count < 2) fault(place, fmt::format("There must be at least 2 {}", what), "too_short");
    if (count > most)
      fault(place, fmt::format("There are {} {}; at most {} are allowed", count, what, most), "too_long");
  }

  // Text, an object or an array. Null and blank text are none.
  std::string description(const Json& json, const Place& place) {
    if (json.is_null()) return {};
    if (!json.is_string() && !json.is_object() && !json.is_array()) {
      fault(place, "This must be a string, an object, an array or null", "value_error");
      return {};
    }
    std::string text = text_of(json);
    return is_blank(text) ? std::string() : text;
  }

  static std::string text_of(const Json& json) {
    std::string text = json.is_string() ? json.get<std::string>() : json.dump();
    std::erase(text, '\0');  // which no prompt can hold
    return text;
  }

  static std::optional<DecisionKind> kind_of(const Json& type) {
    if (!type.is_string()) return std::nullopt;
    const std::string& word = type.get_ref<const std::string&>();
    for (const DecisionKind kind : {DecisionKind::noul, DecisionKind::choice, DecisionKind::score}) {
      if (word == to_word(kind)) return kind;
    }
    return std::nullopt;
  }

  inline static const Json kNull{};
  ReadRequest read_;
};

}  // namespace

std::string_view to_word(DecisionKind kind) {
  if (kind == DecisionKind::noul) return "noul";
  return kind == DecisionKind::choice ? "choice" : "score";
}

std::string DecisionQuestion::text() const {
  std::string text = instructions;
  if (text.empty())
    text = kind == DecisionKind::noul     ? "Does yes or no fit?"
           : kind == DecisionKind::choice ? "Which option fits best?"
                                          : "Which level fits best?";
  if (!yes.empty()) text += "\nYes means: " + yes;
  if (!no.empty()) text += "\nNo means: " + no;
  return text;
}

ReadRequest read_decision_request(std::string_view body) { return Reader().read(body); }

nlohmann::json faults_json(const std::vector<RequestFault>& faults) {
  nlohmann::json detail = nlohmann::json::array();
  for (const RequestFault& fault : faults) {
    nlohmann::json location = {"body"};
    for (const std::string& name : fault.location) location.push_back(name);
    detail.push_back({{"loc", location}, {"msg", fault.message}, {"type", fault.type}});
  }
  return {{"detail", detail}};
}

nlohmann::json decision_error_json(std::string_view type, std::string_view message) {
  return {{"detail", {{"error_type", type}, {"message", message}}}};
}

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): a state before what counts as none
bool is_neutral_state(std::string_view state, std::string_view also_neutral) {
  const std::string_view text = trimmed(state, kWhiteSpace);
  return text.empty() || text == "{}" || text == "[]" || text == trimmed(also_neutral, kWhiteSpace);
}

DecisionQuestion canonical_question(DecisionQuestion question) {
  if (question.kind == DecisionKind::choice) std::ranges::sort(question.options, {}, &DecisionOption::name);
  return question;
}

std::string decision_key(const std::string& state, const DecisionQuestion& question) {
  return sha256_hex(nlohmann::json::array({state, to_json(question)}).dump());
}

nlohmann::json to_json(const DecisionQuestion& question) {
  nlohmann::json options = nlohmann::json::array();
  for (const DecisionOption& option : question.options)
    options.push_back(nlohmann::json::array({option.name, option.description}));
  return {{"type", to_word(question.kind)},
          {"instructions", question.instructions},
          {"yes", question.yes},
          {"no", question.no},
          {"options", options}};
}

DecisionQuestion decision_question_from(const nlohmann::json& stored) {
  DecisionQuestion question;
  const std::string type = stored.at("type");
  for (const DecisionKind kind : {DecisionKind::noul, DecisionKind::choice, DecisionKind::score}) {
    if (type == to_word(kind)) question.kind = kind;
  }
  question.instructions = stored.at("instructions");
  question.yes = stored.at("yes");
  question.no = stored.at("no");
  for (const nlohmann::json& option : stored.at("options"))
    question.options.push_back({option.at(0).get<std::string>(), option.at(1).get<std::string>()});
  return question;
}

}  // namespace heretix
