#include "belief/decide/decision_shapes.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace heretix {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kLeastNoul = 0.01;  // Google's nouls lie in [0.01, 0.99]

const Json& member(const Json& object, const char* name) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(name);
  return found == object.end() ? none : *found;
}

// A form that is read into the fields of System One; what does not fit becomes a fault of its own.
class Translation {
 public:
  explicit Translation(const Json& from) : from_(from) {}

  ReadRequest openai() {
    start();
    const Json& questions = member(from_, "questions");
    if (!questions.is_array()) {
      fault({"questions"}, "The questions must be a list", "list_type");
    } else {
      Json& to = to_["questions"] = Json::object();
      for (std::size_t i = 0; i < questions.size(); ++i) to[std::to_string(i)] = openai_question(questions[i], i);
    }
    return finished();
  }

  ReadRequest google() {
    start();
    const Json& questions = member(from_, "questions");
    if (!questions.is_object()) {
      fault({"questions"}, "The questions must be an object from ids to questions", "dict_type");
    } else {
      Json& to = to_["questions"] = Json::object();
      for (const auto& [id, question] : questions.items()) to[id] = google_question(question);
    }
    return finished();
  }

 private:
  void start() {
    to_ = {{"model", member(from_, "model")}};
    if (to_["model"].is_string() && to_["model"].get_ref<const std::string&>().starts_with("models/"))
      to_["model"] = to_["model"].get<std::string>().substr(7);
    const Json& input = member(from_, "input");
    if (input.is_null()) fault({"input"}, "Field required", "missing");
    else to_["state"] = text_of(input, {"input"});
  }

  ReadRequest finished() {
    ReadRequest read = read_decision_request(to_.dump(-1, ' ', false, Json::error_handler_t::replace));
    if (!faults_.empty()) read.faults = std::move(faults_);
    return read;
  }

  // Text, a part, a message, or a list of these; other kinds of parts cannot be read.
  std::string text_of(const Json& json, const std::vector<std::string>& place) {
    if (json.is_null()) return {};
    if (json.is_string()) return json.get<std::string>();
    if (json.is_array()) {
      std::string text;
      for (const Json& part : json) text += (text.empty() ? "" : "\n") + text_of(part, place);
      return text;
    }
    const Json& type = member(json, "type");
    const std::string kind = type.is_string() ? type.get<std::string>() : "message";
    if (member(json, "role").is_string())
      return member(json, "role").get<std::string>() + ": " + text_of(member(json, "content"), place);
    if (kind == "text" || kind == "input_text" || kind == "output_text") return text_of(member(json, "text"), place);
    if (kind == "input_json") return member(json, "json").is_null() ? json.dump() : member(json, "json").dump();
    if (kind.find("image") == std::string::npos && kind.find("audio") == std::string::npos &&
        kind.find("video") == std::string::npos && kind.find("document") == std::string::npos)
      return json.dump();  // calls of tools and what they gave
    fault(place, fmt::format("This server reads text only; a part of type '{}' cannot be read", kind), "value_error");
    return {};
  }

  Json openai_question(const Json& question, std::size_t number) {
    const std::vector<std::string> place = {"questions", std::to_string(number)};
    Json to = {{"type", member(question, "type")}};
    if (to["type"] == "predicate") to["type"] = "noul";
    else if (to["type"] == "noul") to["type"] = "predicate";  // which this form does not have
    to["instructions"] = text_of(member(question, "instructions"), place);
    if (to["type"] == "choice") to["criteria"] = choices_of(member(question, "choices"), place);
    if (to["type"] == "score") {
      to["criteria"] = Json::array();
      for (const Json& level : member(question, "levels"))
        to["criteria"].push_back(
            named(text_of(member(level, "label"), place), text_of(member(level, "description"), place)));
    }
    return to;
  }

  Json choices_of(const Json& choices, std::vector<std::string> place) {
    place.emplace_back("choices");
    Json criteria = Json::object();
    for (const Json& choice : choices) {
      const Json& value = member(choice, "value");
      if (!value.is_string() && !value.is_boolean())
        fault(place, "A value must be a string or a boolean", "value_error");
      const std::string name = value.is_string() ? value.get<std::string>() : value.dump();
      if (criteria.contains(name)) fault(place, fmt::format("The value {} is given twice", name), "value_error");
      criteria[name] = member(choice, "description");
    }
    return criteria;
  }

  static std::string named(const std::string& label, const std::string& description) {
    return description.empty() ? label : label + ": " + description;
  }

  Json google_question(const Json& question) {
    Json to = question;
    if (!to.is_object()) return to;
    to["instructions"] = text_of(member(question, "instructions"), {"questions"});
    const Json& criteria = member(question, "criteria");
    if (member(question, "type") == "noul" && criteria.is_object())
      to["criteria"] = {{"true", member(criteria, "true_description")},
                        {"false", member(criteria, "false_description")}};
    return to;
  }

  void fault(std::vector<std::string> place, std::string message, std::string type) {
    faults_.push_back({std::move(place), std::move(message), std::move(type)});
  }

  const Json& from_;
  Json to_;
  std::vector<RequestFault> faults_;
};

void add_interval(Json& out, const std::optional<Ends>& ends) {
  if (!ends) return;
  out["x_low"] = ends->low;
  out["x_high"] = ends->high;
}

void add_extensions(Json& out, const DecisionAnswer& answer) {
  if (answer.kind == DecisionKind::noul) add_interval(out, answer.noul_ends);
  if (answer.kind == DecisionKind::score) add_interval(out, answer.score_ends);
  out["x_wordings"] = answer.wordings;
  if (answer.yes_bias) out["x_yes_bias"] = *answer.yes_bias;
  out["x_record"] = answer.record;
}

Json openai_answer(const Json& asked, const NamedQuestion& question, const DecisionAnswer& answer) {
  const Json own = to_json(answer, question.question);
  Json out = {{"type", asked.at("type")}, {"name", member(asked, "name")}};

  Json probabilities = Json::array();
  if (answer.kind == DecisionKind::noul) {
    out["probability"] = answer.noul;
  } else if (answer.kind == DecisionKind::choice) {
    for (const Json& choice : asked.at("choices")) {
      const Json& value = choice.at("value");
      const std::string name = value.is_string() ? value.get<std::string>() : value.dump();
      probabilities.push_back({{"value", value}, {"probability", own.at("probabilities").at(name)}});
      if (own.at("choice") == name) out["choice"] = value;
    }
  } else {
    std::size_t level = 0;
    for (const Json& given : asked.at("levels")) {
      probabilities.push_back(
          {{"value", level}, {"label", given.at("label")}, {"probability", answer.probabilities.at(level)}});
      ++level;
    }
    out["score"] = answer.score;
  }

  if (!probabilities.empty()) {
    out["confidence"] = answer.confidence;
    out["probabilities"] = std::move(probabilities);
  }

  add_extensions(out, answer);
  return out;
}

Json google_answer(const NamedQuestion& question, const DecisionAnswer& answer) {
  Json out = to_json(answer, question.question);
  if (answer.kind == DecisionKind::noul) {
    const double noul = std::clamp(answer.noul, kLeastNoul, 1 - kLeastNoul);
    out["noul"] = noul;
    out["confidence"] = std::max(noul, 1 - noul);
    return out;
  }
  out["confidence"] = std::ranges::max(answer.probabilities);
  return out;
}

}  // namespace

ReadRequest read_shaped_request(DecisionShape shape, std::string_view body) {
  // What cannot be read at all is told as for System One.
  ReadRequest plain = read_decision_request(body);
  const bool is_unreadable = !plain.faults.empty() && plain.faults[0].location.empty();
  if (is_unreadable) return plain;
  const Json json = Json::parse(body);
  return shape == DecisionShape::openai ? Translation(json).openai() : Translation(json).google();
}

std::string shaped_response(DecisionShape shape, std::string_view body, const std::string& model, bool is_mock,
                            const std::vector<DecisionAnswer>& answers) {
  const Json asked = Json::parse(body);
  const DecisionRequest request = read_shaped_request(shape, body).request;
  long input = 0, output = 0;
  for (const DecisionAnswer& answer : answers) {
    input += answer.input_tokens;
    output += answer.output_tokens;
  }

  Json out;
  if (shape == DecisionShape::openai) {
    Json list = Json::array();
    for (std::size_t i = 0; i < answers.size(); ++i)
      list.push_back(openai_answer(asked.at("questions").at(i), request.questions[i], answers[i]));
    out = {{"answers", list},
           {"model", model},
           {"usage",
            {{"input_tokens", input},
             {"input_tokens_details", {{"cached_tokens", 0}, {"cache_write_tokens", 0}}},
             {"output_tokens", output},
             {"output_tokens_details", {{"reasoning_tokens", 0}}},
             {"total_tokens", input + output}}}};
  } else {
    Json by_id = Json::object();
    for (std::size_t i = 0; i < answers.size(); ++i)
      by_id[request.questions[i].id] = google_answer(request.questions[i], answers[i]);
    out = {
        {"answers", by_id},
        {"usage", {{"total_input_tokens", input}, {"total_output_tokens", output}, {"total_tokens", input + output}}}};
  }
  if (is_mock) out["x_mock"] = true;
  return out.dump();
}

std::string place_of(const RequestFault& fault) { return fmt::format("{}", fmt::join(fault.location, ".")); }

namespace {

// The names of google.rpc.Code that its APIs give these statuses.
std::string_view google_word(int status) {
  switch (status) {
    case 400: return "INVALID_ARGUMENT";
    case 401: return "UNAUTHENTICATED";
    case 403: return "PERMISSION_DENIED";
    case 404: return "NOT_FOUND";
    case 429: return "RESOURCE_EXHAUSTED";
    case 503: return "UNAVAILABLE";
    default: return status < 500 ? "FAILED_PRECONDITION" : "INTERNAL";
  }
}

}  // namespace

std::string shaped_error(DecisionShape shape, int status, std::string_view type, const std::string& message,
                         const std::string& place) {
  const std::string told = place.empty() ? message : fmt::format("{}: {}", place, message);
  if (shape == DecisionShape::openai)
    return Json{
        {"error",
         {{"message", told}, {"type", type}, {"param", place.empty() ? Json() : Json(place)}, {"code", nullptr}}}}
        .dump();
  return Json{{"error", {{"code", status}, {"message", told}, {"status", google_word(status)}}}}.dump();
}

}  // namespace heretix
