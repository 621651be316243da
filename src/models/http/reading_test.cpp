// What a reply means, by provider: the verdict is judged elsewhere, here is whether there is an answer at all, what it
// costs, and what is to be done where there is none.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "models/anthropic/anthropic.hpp"
#include "models/gemini/gemini.hpp"
#include "models/http/http_provider.hpp"
#include "models/openai/openai.hpp"

namespace heretix {
namespace {

using namespace std::chrono_literals;

const SystemTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 28) + 22h;

HttpProviderOptions options_of(std::shared_ptr<const Wire> wire) {
  HttpProviderOptions options;
  options.provider = "p";
  options.asked_model = "m";
  options.model = ModelName("m");
  options.base_url = "https://api.test";
  options.key_name = "P_API_KEY";
  options.wire = std::move(wire);
  options.prices = PriceHistory(
      {{.price = Price{.standard = {.rates = {.input = Usd::from_micros(1), .output = Usd::from_micros(10)}}}}});
  return options;
}

const HttpProviderOptions& chat() {
  static const auto options =
      options_of(std::make_shared<ChatWire>(ChatDialect{.finish_words = kCompatibleFinishWords}));
  return options;
}
const HttpProviderOptions& responses() {
  static const auto options = options_of(std::make_shared<ResponsesWire>());
  return options;
}
const HttpProviderOptions& claude() {
  static const auto options = options_of(std::make_shared<MessagesWire>());
  return options;
}
const HttpProviderOptions& gemini() {
  static const auto options = options_of(std::make_shared<GenerateContentWire>());
  return options;
}

Reading read(const HttpProviderOptions& options, const std::string& body, int status = 200,
             std::initializer_list<const char*> headers = {}) {
  HttpResponse response;
  response.status = status;
  response.body = body;
  response.bytes_sent = 900;
  for (const char* line : headers) response.headers.add_line(line);
  return read_response(response, options, kNow);
}

Failure failure(const HttpProviderOptions& options, const std::string& body, int status = 200,
                std::initializer_list<const char*> headers = {}) {
  const Reading reading = read(options, body, status, headers);
  if (const auto* failure = std::get_if<Failure>(&reading.outcome)) return *failure;
  ADD_FAILURE() << "an answer was read from " << body;
  return {.kind = ErrorKind::broken, .message = {}};
}

Reply reply(const HttpProviderOptions& options, const std::string& body, int status = 200) {
  const Reading reading = read(options, body, status);
  if (const auto* reply = std::get_if<Reply>(&reading.outcome)) return *reply;
  ADD_FAILURE() << "no answer was read from " << body << ": " << std::get<Failure>(reading.outcome).message;
  return {};
}

std::string chat_body(const std::string& finish, const std::string& more = "") {
  return R"({"id":"x","model":"m","choices":[{"index":0,"finish_reason":)" + finish +
         R"(,"message":{"role":"assistant","content":"said")" + more +
         R"(}}],"usage":{"prompt_tokens":100,"completion_tokens":10}})";
}

TEST(Replies, WithoutAnAnswerAreFailuresThatMayHaveBeenBilled) {
  const std::vector<std::pair<const HttpProviderOptions*, std::string>> bodies = {
      {&chat(), ""},
      {&chat(), "<!doctype html><html><title>Welcome</title></html>"},
      {&chat(), "data: {\"choices\":[]}\n\ndata: [DONE]\n\n"},
      {&chat(), "event: message\ndata: {}\n\n"},
      {&chat(), ": still working\n\n: still working\n\n"},
      {&chat(), "upstream connect error"},
      {&chat(), "{\"choices\":[{\"message\":{\"content\":\"cut"},
      {&chat(), "[]"},
      {&chat(), "7"},
      {&chat(), "null"},
      {&chat(), "{}"},
      {&chat(), R"({"choices":null})"},
      {&chat(), R"({"choices":[]})"},
      {&chat(), R"({"choices":[{}]})"},
      {&chat(), chat_body("\"error\"")},
      {&chat(), chat_body("\"abort\"")},
      {&chat(), chat_body("\"insufficient_system_resource\"")},
      {&chat(), R"({"error":{"message":"it broke"}})"},
      {&chat(), R"({"error":{"message":"it broke","code":502}})"},
      {&chat(), R"({"error":{"message":"it broke","code":"server_error"}})"},
      {&responses(), R"({"status":"failed","error":{"code":"server_error","message":"it broke"},"output":[]})"},
      {&responses(), R"({"status":"queued","output":[]})"},
      {&responses(), R"({"status":"in_progress","output":[]})"},
      {&responses(), R"({"status":"cancelled","output":[]})"},
      {&responses(), R"({"status":"completed"})"},
      {&claude(), R"({"type":"message","stop_reason":"end_turn"})"},
      {&claude(), R"({"type":"error","error":{"type":"api_error","message":"it broke"}})"},
      {&gemini(), "{}"},
      {&gemini(), R"({"candidates":[]})"},
      {&gemini(), R"({"candidates":[{"finishReason":"MALFORMED_RESPONSE","content":{"parts":[{"text":"x"}]}}]})"},
  };
  for (const auto& [options, body] : bodies) {
    const Reading reading = read(*options, body);
    const auto* failure = std::get_if<Failure>(&reading.outcome);
    ASSERT_NE(failure, nullptr) << body;
    EXPECT_EQ(failure->kind, ErrorKind::in_doubt) << body;
    EXPECT_FALSE(failure->parks_run) << body;
    EXPECT_TRUE(reading.is_server_error) << body;
    EXPECT_NE(failure->message.find("without an answer"), std::string::npos) << failure->message;
  }
}

TEST(Replies, WithoutAnAnswerAreBilledByTheirUsageWhereItCame) {
  EXPECT_EQ(failure(chat(), chat_body("\"error\"")).billed, Usd::from_micros(200));
  EXPECT_EQ(failure(chat(), R"({"choices":null})").billed, std::nullopt);
}

TEST(Replies, BehindCommentLinesAreReadLikeAnyOther) {
  const Reply read = reply(chat(), ": still working\n\n: still working\n\n" + chat_body("\"stop\""));
  EXPECT_EQ(read.text, "said");
  EXPECT_EQ(read.billed, Usd::from_micros(200));
  EXPECT_EQ(failure(chat(),
                    ": still working\n\n"
                    R"({"error":{"code":502,"message":"x"}})")
                .kind,
            ErrorKind::in_doubt);
}

TEST(Replies, AnEmptyTextWithAWordForItsEndIsAnAnswer) {
  EXPECT_EQ(reply(chat(), R"({"choices":[{"finish_reason":"stop","message":{"content":null}}]})").text, "");
  EXPECT_EQ(reply(claude(), R"({"content":[],"stop_reason":"end_turn"})").text, "");
  EXPECT_EQ(reply(gemini(), R"({"candidates":[{"finishReason":"STOP"}]})").text, "");
}

TEST(Envelopes, CountByTheirCode) {
  const auto of = [](const std::string& code) { return R"({"error":{"message":"no","code":)" + code + "}}"; };
  for (const char* code : {"429", "\"429\"", "\"rate_limit_exceeded\""}) {
    const Reading reading = read(chat(), of(code), 200, {"retry-after: 3"});
    EXPECT_EQ(std::get<Failure>(reading.outcome).kind, ErrorKind::unavailable) << code;
    EXPECT_EQ(std::get<Failure>(reading.outcome).retry_after, 3s) << code;
    EXPECT_TRUE(reading.is_rate_limited) << code;
  }
  for (const char* code : {"402", "\"402\"", "\"insufficient_quota\"", "\"billing_error\""})
    EXPECT_EQ(failure(chat(), of(code)).kind, ErrorKind::stopped) << code;
  EXPECT_EQ(failure(chat(), of("503")).kind, ErrorKind::unavailable);
  for (const char* code : {"500", "502", "504", "\"server_error\"", "\"something_new\""})
    EXPECT_EQ(failure(chat(), of(code)).kind, ErrorKind::in_doubt) << code;
  EXPECT_EQ(failure(chat(), of("401")).kind, ErrorKind::not_allowed);
  EXPECT_EQ(failure(chat(), of("404")).kind, ErrorKind::not_found);
  EXPECT_EQ(failure(chat(), of("400")).kind, ErrorKind::bad_input);
  for (const char* code :
       {"\"content_filter\"", "\"content_policy_violation\"", "\"invalid_prompt\"", "\"bio_policy\""})
    EXPECT_EQ(reply(chat(), of(code)).ending, Ending::filtered) << code;
}

TEST(Envelopes, AreFoundBesideAChoiceAndInAFailedResponse) {
  const Failure beside = failure(
      chat(),
      R"({"choices":[{"finish_reason":"error","error":{"code":429,"message":"slow down"},"message":{"content":""}}]})");
  EXPECT_EQ(beside.kind, ErrorKind::unavailable);
  EXPECT_NE(beside.message.find("slow down"), std::string::npos);
  const Failure failed = failure(
      responses(), R"({"status":"failed","output":[],"error":{"code":"rate_limit_exceeded","message":"slow"}})");
  EXPECT_EQ(failed.kind, ErrorKind::unavailable);
}

TEST(Envelopes, BesideAnAnswerTakeNothingAway) {
  for (const char* error : {"null", "\"\"", "{}", "\"a warning\""}) {
    const std::string body = R"({"error":)" + std::string(error) + "," + chat_body("\"stop\"").substr(1);
    EXPECT_EQ(reply(chat(), body).text, "said") << error;
  }
}

TEST(Endings, AreWhatTheProvidersWordMeans) {
  EXPECT_EQ(reply(chat(), chat_body("\"stop\"")).ending, Ending::complete);
  EXPECT_EQ(reply(chat(), chat_body("null")).ending, Ending::complete);
  EXPECT_EQ(reply(chat(), chat_body("\"model_length\"")).ending, Ending::length);
  EXPECT_EQ(reply(chat(), chat_body("\"sensitive\"")).ending, Ending::filtered);
  EXPECT_EQ(reply(chat(), chat_body("\"tool_calls\"")).ending, Ending::tool_use);
  const Reply unknown = reply(chat(), chat_body("\"halted\""));
  EXPECT_EQ(unknown.ending, Ending::unknown);
  EXPECT_EQ(unknown.finish, "halted");
  EXPECT_EQ(unknown.billed, Usd::from_micros(200));
}

TEST(Endings, OfAnAccountThatMayNotAskAnyMoreEndTheRun) {
  const Failure ended = failure(
      gemini(),
      R"({"candidates":[{"finishReason":"PUP_LIMITED_DISABLED"}],"usageMetadata":{"promptTokenCount":100,"candidatesTokenCount":0}})");
  EXPECT_EQ(ended.kind, ErrorKind::not_allowed);
  EXPECT_EQ(ended.billed, Usd::from_micros(100));
  EXPECT_NE(ended.message.find("PUP_LIMITED_DISABLED"), std::string::npos);
}

TEST(Filters, OfOneWordingAreOneUnusableAnswer) {
  const char* azure =
      R"({"error":{"message":"The response was filtered due to the prompt triggering Azure OpenAI's content management policy.","type":null,"param":"prompt","code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation","content_filter_result":{"violence":{"filtered":true,"severity":"medium"}}}}})";
  const char* by_litellm =
      R"({"error":{"message":"litellm.BadRequestError: litellm.ContentPolicyViolationError: AzureException - filtered","type":null,"param":null,"code":"400","provider_specific_fields":{"innererror":{"code":"ResponsibleAIPolicyViolation"}}}})";
  const char* xai = R"({"code":"The caller does not have permission","error":"Content violates usage guidelines."})";
  const char* openrouter =
      R"({"error":{"code":403,"message":"Your input was flagged","metadata":{"reasons":["violence"],"flagged_input":"x"}}})";
  const std::pair<const char*, int> cases[] = {{azure, 400}, {by_litellm, 400}, {xai, 403}, {openrouter, 403}};
  for (const auto& [body, status] : cases) {
    const Reply filtered = reply(chat(), body, status);
    EXPECT_EQ(filtered.ending, Ending::filtered) << body;
    EXPECT_EQ(filtered.billed, std::nullopt) << body;
    EXPECT_FALSE(filtered.text.empty()) << body;
  }
}

TEST(Filters, AnAnswerThatFailedGroqsFormIsReadAsItIs) {
  const Reply failed = reply(
      chat(),
      R"({"error":{"message":"Failed to generate JSON.","type":"invalid_request_error","code":"json_validate_failed","failed_generation":"{\"belief\": oh"}})",
      400);
  EXPECT_EQ(failed.text, "{\"belief\": oh");
  EXPECT_EQ(failed.ending, Ending::complete);
  EXPECT_EQ(failed.finish, "json_validate_failed");
  EXPECT_EQ(failed.billed, std::nullopt);
}

TEST(Filters, AWordingThatIsTooLongStillStopsTheRun) {
  EXPECT_EQ(
      failure(
          chat(),
          R"({"error":{"message":"This model's maximum context length is 8192 tokens","code":"context_length_exceeded"}})",
          400)
          .kind,
      ErrorKind::bad_input);
}

struct Parked {
  const HttpProviderOptions& options;
  int status;
  const char* body;
  const char* day;  // empty: nobody can tell
};

TEST(Money, ThatIsGoneParksTheRunAndNamesTheDay) {
  const Parked cases[] = {
      {claude(), 429,
       R"({"type":"error","error":{"type":"rate_limit_error","message":"limit","details":{"error_code":"contract_spend_limit_reached"}}})",
       "2026-12-01"},
      {claude(), 429,
       R"({"type":"error","error":{"type":"rate_limit_error","message":"limit","details":{"error_code":"enforced_spend_limit_reached"}}})",
       "2026-12-01"},
      {claude(), 400,
       R"({"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2027-02-01 at 00:00 UTC."}})",
       "2027-02-01"},
      {gemini(), 429,
       R"({"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Your project has exceeded its monthly spending cap."}})",
       "2026-12-01"},
      {gemini(), 429,
       R"({"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"quota","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProject"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"20s"}]}})",
       "2026-11-29"},
      {chat(), 429,
       R"({"error":{"message":"litellm.RateLimitError: OpenAIException - insufficient_quota","type":null,"param":null,"code":"429"}})",
       ""},
      {chat(), 429, R"({"error":{"message":"model gpt-5-2025-08-07: insufficient_quota","code":"429"}})", ""},
      {chat(), 402, R"({"message":"Payment required"})", ""},
  };
  for (const Parked& c : cases) {
    const Failure parked = failure(c.options, c.body, c.status);
    EXPECT_EQ(parked.kind, ErrorKind::stopped) << c.body;
    EXPECT_TRUE(parked.parks_run) << c.body;
    if (*c.day == '\0') EXPECT_NE(parked.hint.find("quota or credit"), std::string::npos) << parked.hint;
    else EXPECT_NE(parked.hint.find(c.day), std::string::npos) << parked.hint;
  }
}

TEST(Money, ASpendBasedRateLimitIsARateLimit) {
  const Failure limited = failure(
      gemini(),
      R"({"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"You exceeded your current quota, please check your plan and billing details: spend-based rate limit","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7s"}]}})",
      429);
  EXPECT_EQ(limited.kind, ErrorKind::unavailable);
  EXPECT_EQ(limited.retry_after, 7s);
}

TEST(Money, ALongWaitNamesItsDay) {
  const Failure parked =
      failure(chat(), R"({"error":{"message":"slow","code":"rate_limit_exceeded"}})", 429, {"Retry-After: 259200"});
  EXPECT_EQ(parked.kind, ErrorKind::stopped);
  EXPECT_NE(parked.hint.find("2026-12-01"), std::string::npos) << parked.hint;
}

TEST(ShouldRetry, IsObeyed) {
  const char* busy = R"({"error":{"message":"busy","code":"server_error"}})";
  EXPECT_TRUE(failure(chat(), busy, 429, {"x-should-retry: false"}).parks_run);
  const Failure in_doubt = failure(chat(), busy, 500, {"x-should-retry: false"});
  EXPECT_TRUE(in_doubt.parks_run);
  EXPECT_EQ(in_doubt.kind, ErrorKind::in_doubt);
  EXPECT_EQ(failure(chat(), busy, 400, {"x-should-retry: true"}).kind, ErrorKind::unavailable);
  EXPECT_EQ(failure(chat(), busy, 400, {"x-should-retry: maybe"}).kind, ErrorKind::bad_input);
}

struct Hinted {
  const HttpProviderOptions& options;
  int status;
  const char* body;
  ErrorKind kind;
  const char* says;
};

TEST(Hints, FitTheCase) {
  const Hinted cases[] = {
      {gemini(), 400,
       R"({"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}})",
       ErrorKind::not_allowed, "check the key in P_API_KEY"},
      {chat(), 400, R"({"code":"Client specified an invalid argument","error":"Incorrect API key provided: ab***cd."})",
       ErrorKind::not_allowed, "check the key in P_API_KEY"},
      {chat(), 403,
       R"({"error":{"code":"unsupported_country_region_territory","message":"Country, region, or territory not supported","param":null,"type":"request_forbidden"}})",
       ErrorKind::not_allowed, "region"},
      {gemini(), 400,
       R"({"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}})",
       ErrorKind::not_allowed, "region"},
      {chat(), 404,
       R"({"error":{"message":"Your organization must be verified to use the model `o3`. Please go to: settings and click on Verify Organization.","code":"model_not_found"}})",
       ErrorKind::not_allowed, "verify the organisation"},
      {chat(), 400, R"({"error":{"message":"The model `x` has been decommissioned","code":"model_decommissioned"}})",
       ErrorKind::not_found, "retired"},
      {chat(), 404,
       R"({"error":{"message":"The model grok-beta was deprecated on 2025-09-15 and is no longer accessible via the API."}})",
       ErrorKind::not_found, "retired"},
      {chat(), 400, R"({"error":{"message":"max_tokens has been deprecated for this model","param":"max_tokens"}})",
       ErrorKind::bad_input, ""},
  };
  for (const Hinted& c : cases) {
    const Failure told = failure(c.options, c.body, c.status);
    EXPECT_EQ(told.kind, c.kind) << c.body;
    EXPECT_NE(told.hint.find(c.says), std::string::npos) << c.body << ": " << told.hint;
  }
}

TEST(Hints, AModelThatWillBeRetiredIsToldBesideItsAnswer) {
  const Reply answered = reply(
      gemini(),
      R"({"candidates":[{"finishReason":"STOP","content":{"parts":[{"text":"said"}]}}],"modelVersion":"gemini-m","modelStatus":{"modelStage":"DEPRECATED","retirementTime":"2027-01-15T00:00:00Z","message":"Use gemini-n."}})");
  EXPECT_EQ(answered.notice, "gemini-m will be retired on 2027-01-15: Use gemini-n.");
}

TEST(Errors, ThatAreNotWrappedAreShownAndUnderstood) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"object":"error","message":"the model is loading","type":"invalid_request_error","code":"400"})",
       "the model is loading"},
      {R"({"message":"no such thing","request_id":"1"})", "no such thing"},
      {R"({"detail":"Not authenticated"})", "Not authenticated"},
      {R"({"detail":[{"loc":["body","max_tokens"],"msg":"field required","type":"missing"}]})",
       "body.max_tokens: field required"},
      {R"({"errors":[{"code":7003,"message":"no route"},{"message":"and this"}]})", "no route; and this"},
      {R"({"errors":["wrong name"]})", "wrong name"},
      {R"({"type":"about:blank","title":"Bad Request","detail":"the name is empty"})", "the name is empty"},
      {R"({"error":"plainly wrong"})", "plainly wrong"},
      {"wrong, in plain text\n", "wrong, in plain text"},
      {"<html><head><title>502 Bad Gateway</title></head></html>", "502 Bad Gateway"},
  };
  for (const auto& [body, says] : cases) {
    const Failure told = failure(chat(), body, 400);
    EXPECT_NE(told.message.find(says), std::string::npos) << told.message;
    EXPECT_EQ(told.kind, ErrorKind::bad_input) << body;
  }
  EXPECT_EQ(failure(chat(), R"({"detail":"insufficient_quota"})", 429).kind, ErrorKind::stopped);
  EXPECT_EQ(failure(chat(), "Incorrect API key provided", 400).kind, ErrorKind::not_allowed);
  const char* its_own = R"({"object":"error","message":"overloaded","type":"overloaded_error","code":503})";
  EXPECT_EQ(failure(chat(), its_own, 503).kind, ErrorKind::unavailable);
  EXPECT_EQ(failure(chat(), R"({"message":"Service Unavailable"})", 503).kind, ErrorKind::in_doubt);  // any gateway's
  EXPECT_EQ(failure(chat(), "overloaded", 503).kind, ErrorKind::in_doubt);
}

TEST(Parts, OfMessagesWithAPhaseOnlyTheFinalAnswerIsRead) {
  const auto body = [](const char* phase, const char* other) {
    return std::string(R"({"status":"completed","output":[{"type":"message","phase":)") + phase +
           R"(,"content":[{"type":"output_text","text":"first "}]},{"type":"message","phase":)" + other +
           R"(,"content":[{"type":"output_text","text":"second"}]}]})";
  };
  EXPECT_EQ(reply(responses(), body("\"commentary\"", "\"final_answer\"")).text, "second");
  EXPECT_EQ(reply(responses(), body("\"something_new\"", "\"final_answer\"")).text, "second");
  EXPECT_EQ(reply(responses(), body("null", "null")).text, "first second");
}

TEST(Sources, AreSeenByTheirTraces) {
  const std::string text = R"({"type":"output_text","text":"x","annotations":)";
  const std::pair<const HttpProviderOptions*, std::string> leaning[] = {
      {&chat(), chat_body("\"stop\"", R"(,"annotations":[{"type":"url_citation","url_citation":{"url":"u"}}])")},
      {&chat(), R"({"citations":["u"],)" + chat_body("\"stop\"").substr(1)},
      {&chat(), R"({"search_results":[{"url":"u"}],)" + chat_body("\"stop\"").substr(1)},
      {&chat(),
       R"({"choices":[{"finish_reason":"stop","message":{"content":[{"type":"text","text":"x"},{"type":"reference","reference_ids":[1]}]}}]})"},
      {&chat(), R"({"choices":[{"finish_reason":"stop","message":{"content":"x"}}],"usage":{"num_sources_used":2}})"},
      {&responses(),
       R"({"status":"completed","output":[{"type":"web_search_call","status":"completed"},{"type":"message","content":[{"type":"output_text","text":"x"}]}]})"},
      {&responses(),
       R"({"status":"completed","output":[{"type":"message","content":[)" + text + R"([{"type":"url_citation"}]}]}]})"},
      {&claude(),
       R"({"stop_reason":"end_turn","content":[{"type":"server_tool_use","name":"web_search"},{"type":"text","text":"x"}]})"},
      {&claude(),
       R"({"stop_reason":"end_turn","content":[{"type":"text","text":"x","citations":[{"type":"web_search_result_location"}]}]})"},
      {&claude(),
       R"({"stop_reason":"end_turn","content":[{"type":"text","text":"x"}],"usage":{"server_tool_use":{"web_search_requests":1,"web_fetch_requests":0}}})"},
      {&gemini(),
       R"({"candidates":[{"finishReason":"STOP","content":{"parts":[{"text":"x"}]},"groundingMetadata":{"webSearchQueries":["q"]}}]})"},
  };
  for (const auto& [options, body] : leaning) EXPECT_TRUE(reply(*options, body).leans_on_source) << body;
  const std::pair<const HttpProviderOptions*, std::string> not_leaning[] = {
      {&chat(), chat_body("\"stop\"", R"(,"annotations":[])")},
      {&chat(), R"({"citations":null,)" + chat_body("\"stop\"").substr(1)},
      {&responses(),
       R"({"status":"completed","output":[{"type":"reasoning"},{"type":"message","content":[)" + text + R"([]}]}]})"},
      {&claude(),
       R"({"stop_reason":"end_turn","content":[{"type":"text","text":"x","citations":null}],"usage":{"server_tool_use":{"web_search_requests":0}}})"},
      {&gemini(),
       R"({"candidates":[{"finishReason":"STOP","content":{"parts":[{"text":"x"}]},"groundingMetadata":{}}]})"},
  };
  for (const auto& [options, body] : not_leaning) EXPECT_FALSE(reply(*options, body).leans_on_source) << body;
}

}  // namespace
}  // namespace heretix
