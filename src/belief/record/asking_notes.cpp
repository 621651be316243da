#include "belief/record/asking_notes.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace heretix {
namespace {

using nlohmann::json;

std::string text_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? on_one_line(found->get<std::string>()) : "";
}

std::string left_out_note(const json& left_out) {
  const std::string parameter = text_in(left_out, "parameter");
  const std::string value = parameter == "logprobs" ? "" : " " + text_in(left_out, "value");
  return fmt::format("asked without {}{}, which the model does not take", parameter, value);
}

std::string fallen_back_note(const json& fallen_back) {
  const std::string feature = text_in(fallen_back, "feature");
  const std::string refused = text_in(fallen_back, "refused");
  const std::string used = text_in(fallen_back, "used");
  if (feature == "system") return "the system text was sent with the user's: the server does not take a separate one";
  if (feature == "limit")
    return fmt::format("the output limit was sent as {}: the server does not take {}", used, refused);
  if (used == "none") return fmt::format("only the prompt asked for the form: the server does not take {}", refused);
  return fmt::format("the form was asked for by {}: the server does not take {}", used, refused);
}

}  // namespace

std::vector<std::string> asking_notes(const Record& record) {
  std::vector<std::string> notes;
  const json settings = json::parse(record.execution.settings, nullptr, false);
  if (!settings.is_object()) return notes;

  for (const json& left_out : settings.value("left_out", json::array())) {
    if (left_out.is_object()) notes.push_back(left_out_note(left_out));
  }
  for (const json& fallen_back : settings.value("fallen_back", json::array())) {
    if (fallen_back.is_object()) notes.push_back(fallen_back_note(fallen_back));
  }

  const json raised = settings.value("raised_limit", json());
  if (raised.is_object())
    notes.push_back(fmt::format("answers had room for {} output tokens: thinking took all of {}", raised.value("to", 0),
                                raised.value("from", 0)));
  return notes;
}

}  // namespace heretix
