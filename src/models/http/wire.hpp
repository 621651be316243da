// How to speak one provider's API: a question becomes a request body, and a response body becomes what was said. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "models/provider.hpp"

namespace heretix {

using Body = nlohmann::ordered_json;  // models answer in the order that a form is written in

// Optional parameters, which models may refuse.
struct OptionalParameters {
  std::optional<double> temperature{};
  std::string effort{};   // of reasoning, in the provider's own word; empty: its default
  bool logprobs = false;  // of the answer's tokens
};

// The likeliest tokens that a provider is asked for at each place: enough to see what else might have been said.
inline constexpr int kTopLogprobs = 5;

// How the agreed form of an answer is asked for; the prompt states it in every case.
enum class FormRequest { json_schema, json_object, none };

// The ways of asking in which servers differ. If a server refuses one, the next is tried (docs/models.md).
struct AskingWay {
  FormRequest form = FormRequest::json_schema;
  bool other_limit_name = false;  // of the output limit, where the API has two
  bool system_joined = false;     // the system text leads the user's

  bool operator==(const AskingWay&) const = default;
};

struct Asked {
  std::string_view model;
  std::string_view system;
  std::string_view user;
  int max_output_tokens = 0;
  OptionalParameters optional{};
  AskingWay way{};
  Readout readout = Readout::verbalized;
  std::string_view begun{};  // of the answer, for Readout::expected

  std::string user_with_system() const;  // the user's text behind the system's, for AskingWay::system_joined
};

struct Said {
  std::string text;
  Ending ending = Ending::complete;
  std::string finish;     // the provider's word
  std::string no_answer;  // why the body holds no answer of this API; empty: it does, though its text may be empty
  bool leans_on_source = false;  // it shows that the model searched, or cites what it found
  std::string notice;            // for the person, beside the answer
  std::string model;
  std::string response_id;
  Usage usage;
  std::string logprobs;  // JSON; empty: none
};

class Wire {
 public:
  virtual ~Wire() = default;
  virtual std::string path(std::string_view model) const = 0;  // behind the base URL
  virtual Body body(const Asked& asked) const = 0;
  // Reads a body that is a JSON object. What it lacks stays empty, and if that is the answer itself, `no_answer` says
  // so. Never throws.
  virtual Said read(const nlohmann::json& body) const = 0;
  virtual std::string why_not(Readout readout) const;  // see Provider

  // The way that is tried where a server refuses that feature of this one: "form", "limit" or "system". Empty: there is
  // no other.
  virtual std::optional<AskingWay> fall_back(AskingWay way, std::string_view feature) const;
  // What is sent of that feature, as keys and messages name it: "json_schema", "max_tokens", "joined".
  virtual std::string value_of(const AskingWay& way, std::string_view feature) const;
};

// The agreed form of an answer (docs/answers.md) as a JSON schema in the strict subset that all providers take; ranges
// of numbers only where a provider takes them.
Body answer_schema(bool with_ranges);

// The text as JSON; empty if it is not JSON, or is nested deeper than any provider's replies.
nlohmann::json parse_body(std::string_view text);

// These read without exceptions: what is absent or of another type is empty.
const nlohmann::json& member(const nlohmann::json& object, std::string_view name);
std::string text_of(const nlohmann::json& object, std::string_view name);
std::optional<long> tokens_of(const nlohmann::json& object, std::string_view name);
bool has_elements(const nlohmann::json& object, std::string_view name);  // an array or object that is not empty

// Whether a usage object counts searches or other tools that the provider ran itself.
bool counts_server_tools(const nlohmann::json& usage);

// The sum of two counts, in which an absent one counts as nothing; empty if both are absent.
std::optional<long> sum_of(const std::optional<long>& a, const std::optional<long>& b);

}  // namespace heretix
