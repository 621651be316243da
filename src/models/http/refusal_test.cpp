// What servers say they do not take, in the words that they use.
#include "models/http/refusal.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "models/anthropic/anthropic.hpp"
#include "models/gemini/gemini.hpp"
#include "models/openai/openai.hpp"

namespace heretix {
namespace {

const ChatWire kOpenAi{ChatDialect{}};
const ChatWire kCompatible{
    ChatDialect{.length_parameter = "max_tokens", .other_length_parameter = "max_completion_tokens"}};
const ResponsesWire kResponses;
const MessagesWire kAnthropic;
const GenerateContentWire kGemini;

ProviderError said(std::string message, std::string parameter = "", std::string code = "") {
  ProviderError error;
  error.code = std::move(code);
  error.message = std::move(message);
  error.parameter = std::move(parameter);
  error.is_error = true;
  return error;
}

const OptionalParameters kAll{.temperature = 0.3, .effort = "minimal", .logprobs = true};

Refused read(const ProviderError& error, const OptionalParameters& sent = kAll, AskingWay way = {},
             const Wire& wire = kCompatible) {
  return read_refusal(error, sent, way, wire);
}

TEST(Refusals, AParameterThatTheModelDoesNotTakeIsOne) {
  for (const auto& [message, parameter] : std::vector<std::pair<const char*, const char*>>{
           {"Unsupported parameter: 'temperature' is not supported with this model.", "temperature"},
           {"Unsupported value: 'temperature' does not support 0.3 with this model. Only the default (1) value is "
            "supported.",
            "temperature"},
           {"`temperature` is deprecated for this model.", "temperature"},
           {"temperature: Extra inputs are not permitted", "temperature"},
           {"Unsupported parameter: 'reasoning.effort' is not supported with this model.", "reasoning"},
           {"Unrecognized request argument supplied: reasoning_effort", "reasoning"},
           {"Argument not supported on this model: reasoning_effort", "reasoning"},
           {"This model does not support the effort parameter.", "reasoning"},
           {"Thinking level is not supported for this model.", "reasoning"},
           {"\"smollm2\" does not support thinking", "reasoning"},
           {"`reasoning_effort` is not supported with this model", "reasoning"},
           {"logprobs is not supported with this model", "logprobs"},
           {"You are not allowed to request logprobs from this model", "logprobs"},
           {"Logprobs is not enabled for models/gemini-m", "logprobs"},
           {"[{'type': 'extra_forbidden', 'loc': ('body', 'reasoning_effort'), 'msg': 'Extra inputs are not "
            "permitted'}]",
            "reasoning"}}) {
    const Refused refused = read(said(message));
    EXPECT_EQ(refused.kind, RefusedKind::parameter) << message;
    EXPECT_EQ(refused.parameter, parameter) << message;
  }
}

TEST(Refusals, AValueBesideOthersIsTheValueAndShowsThem) {
  struct Case {
    ProviderError error;
    const char* parameter;
    const char* allowed;
  };
  for (const Case& c : std::vector<Case>{
           {said("Invalid value: 'minimal'. Supported values are: 'low', 'medium', and 'high'.", "reasoning.effort",
                 "invalid_value"),
            "reasoning", "low, medium, and high"},
           {said(
                "Unsupported value: 'minimal' is not supported with the 'gpt-5.1' model. Supported values are: 'none', "
                "'low', 'medium', and 'high'.",
                "***.effort", "unsupported_value"),
            "reasoning", "none, low, medium, and high"},
           {said("Unsupported value: 'reasoning_effort' does not support 'minimal' with this model. Supported values "
                 "are: 'low', 'medium', and 'high'."),
            "reasoning", "low, medium, and high"},
           {said("`reasoning_effort` must be one of `none` or `default`"), "reasoning", "none or default"},
           {said("invalid reasoning value: 'minimal' (must be \"high\", \"medium\", \"low\", or \"none\")"),
            "reasoning", "high, medium, low, or none"},
           {said("Failed to deserialize the JSON body into the target type: reasoning_effort: unknown variant "
                 "`minimal`, "
                 "expected one of `low`, `medium`, `high`"),
            "reasoning", "low, medium, high"},
           {said("output_config.effort: Input should be 'low', 'medium', 'high' or 'max'"), "reasoning",
            "low, medium, high or max"},
           {said("Thinking level MINIMAL is not supported for this model. Please retry with other thinking level."),
            "reasoning", ""},
           {said("`temperature` may only be set to 1 when thinking is enabled."), "temperature",
            "1 when thinking is enabled"},
           {said("temperature: Input should be less than or equal to 1"), "temperature", "less than or equal to 1"}}) {
    const Refused refused = read(c.error);
    EXPECT_EQ(refused.kind, RefusedKind::value) << c.error.message;
    EXPECT_EQ(refused.parameter, c.parameter) << c.error.message;
    EXPECT_EQ(refused.allowed, c.allowed) << c.error.message;
  }
}

TEST(Refusals, WhatWasNotSentIsNotRefused) {
  EXPECT_EQ(
      read(said("Unsupported parameter: 'temperature' is not supported with this model.", "temperature"), {}).kind,
      RefusedKind::nothing);
  EXPECT_EQ(read(said("This response_format type is unavailable now"), {}, {.form = FormRequest::none}).kind,
            RefusedKind::nothing);
  EXPECT_EQ(read(said("System role not supported"), {}, {.system_joined = true}).kind, RefusedKind::nothing);
  EXPECT_EQ(read(ProviderError{}).kind, RefusedKind::nothing);
}

TEST(Refusals, AFormThatTheServerLacksHasANext) {
  for (const char* message :
       {"This response_format type is unavailable now",
        ("Failed to deserialize the JSON body into the target type: response_format: response_format.type "
         "`json_schema` is unavailable now at line 1 column 1193"),
        "This model does not support response format `json_schema`. See supported models at https://example.org",
        "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
        "'response_format.type' must be 'json_object' or 'text'",
        "response_format type must be one of \"text\" or \"json_object\", but got: json_schema",
        "JSON mode is not enabled for models/gemma-3-27b-it", "Failed to initialize samplers: failed to parse grammar",
        "Invalid JSON payload received. Unknown name \"responseJsonSchema\" at 'generation_config': Cannot find field.",
        "output_config: Extra inputs are not permitted", "This model does not support structured outputs.",
        ("Response input messages must contain the word 'json' in some form to use 'text.format' of type "
         "'json_object'.")}) {
    const Refused refused = read(said(message), {});
    EXPECT_EQ(refused.kind, RefusedKind::way) << message;
    EXPECT_EQ(refused.parameter, "form") << message;
    EXPECT_EQ(refused.value, "json_schema") << message;
  }
}

TEST(Refusals, TheOtherNameOfTheLimitIsTried) {
  const Refused modern = read(said("Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                                   "'max_completion_tokens' instead.",
                                   "max_tokens", "unsupported_parameter"),
                              {});
  EXPECT_EQ(modern.parameter, "limit");
  EXPECT_EQ(modern.value, "max_tokens");

  const Refused older =
      read(said("[{'type': 'extra_forbidden', 'loc': ('body', 'max_completion_tokens'), 'msg': 'Extra "
                "inputs are not permitted', 'input': 1024}]"),
           {}, {}, kOpenAi);
  EXPECT_EQ(older.parameter, "limit");
  EXPECT_EQ(older.value, "max_completion_tokens");
}

TEST(Refusals, ALimitThatIsTooLargeIsNoMissingFeature) {
  for (const char* message :
       {"max_tokens is too large: 32768. This model supports at most 4096 completion tokens, whereas you provided "
        "32768.",
        "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context length is 4096 "
        "tokens",
        "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the "
        "`context_window` for this model",
        "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens."}) {
    EXPECT_EQ(read(said(message), {}).kind, RefusedKind::nothing) << message;
  }
}

TEST(Refusals, TheSystemTextGoesToTheUsers) {
  for (const char* message : {"System role not supported", "Only user and assistant roles are supported!",
                              "Developer instruction is not enabled for models/gemma-3-27b-it",
                              "Conversation roles must alternate user/assistant/user/assistant/...",
                              "Unsupported value: 'messages[0].role' does not support 'system' with this model."}) {
    const Refused refused = read(said(message), {});
    EXPECT_EQ(refused.parameter, "system") << message;
    EXPECT_EQ(refused.value, "apart") << message;
  }
}

TEST(Refusals, WaysOfAskingFollowOneOrder) {
  const auto forms_of = [](const Wire& wire) {
    std::vector<std::string> forms;
    std::optional<AskingWay> way = AskingWay{};
    for (; way; way = wire.fall_back(*way, "form")) forms.push_back(wire.value_of(*way, "form"));
    return forms;
  };
  const std::vector<std::string> all = {"json_schema", "json_object", "none"};
  EXPECT_EQ(forms_of(kCompatible), all);
  EXPECT_EQ(forms_of(kResponses), all);
  EXPECT_EQ(forms_of(kGemini), all);
  EXPECT_EQ(forms_of(kAnthropic), (std::vector<std::string>{"json_schema", "none"}));

  const auto other = kCompatible.fall_back({}, "limit");
  ASSERT_TRUE(other);
  EXPECT_EQ(kCompatible.value_of(*other, "limit"), "max_completion_tokens");
  EXPECT_FALSE(kCompatible.fall_back(*other, "limit"));
  for (const Wire* wire : {static_cast<const Wire*>(&kResponses), static_cast<const Wire*>(&kAnthropic),
                           static_cast<const Wire*>(&kGemini)})
    EXPECT_FALSE(wire->fall_back({}, "limit"));
}

TEST(Refusals, EachWayIsSentAsItSays) {
  const Asked asked{.model = "m", .system = "S", .user = "U", .max_output_tokens = 7};
  Asked joined = asked;
  joined.way.system_joined = true;
  joined.way.form = FormRequest::none;

  EXPECT_EQ(kCompatible.body(asked)["messages"].size(), 2U);
  const Body chat = kCompatible.body(joined);
  EXPECT_EQ(chat["messages"].dump(), R"([{"role":"user","content":"S\n\nU"}])");
  EXPECT_FALSE(chat.contains("response_format"));

  const Body responses = kResponses.body(joined);
  EXPECT_EQ(responses["input"].dump(), R"([{"role":"user","content":"S\n\nU"}])");
  EXPECT_FALSE(responses.contains("instructions") || responses.contains("text"));

  const Body messages = kAnthropic.body(joined);
  EXPECT_EQ(messages["messages"].dump(), R"([{"role":"user","content":"S\n\nU"}])");
  EXPECT_FALSE(messages.contains("system") || messages.contains("output_config"));

  const Body gemini = kGemini.body(joined);
  EXPECT_EQ(gemini["contents"][0]["parts"].dump(), R"([{"text":"S\n\nU"}])");
  EXPECT_FALSE(gemini.contains("systemInstruction"));
  EXPECT_EQ(gemini["generationConfig"].dump(), R"({"maxOutputTokens":7})");

  Asked object = asked;
  object.way.form = FormRequest::json_object;
  EXPECT_EQ(kCompatible.body(object)["response_format"].dump(), R"({"type":"json_object"})");
  EXPECT_EQ(kResponses.body(object)["text"].dump(), R"({"format":{"type":"json_object"}})");
  EXPECT_FALSE(kGemini.body(object)["generationConfig"].contains("responseJsonSchema"));
}

}  // namespace
}  // namespace heretix
