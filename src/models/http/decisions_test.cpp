// The wires of decision models: what is sent, what a reply states of each question, and what each of them costs.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "models/gemini/gemini.hpp"
#include "models/http/http_provider.hpp"
#include "models/http/packing.hpp"
#include "models/http/server.hpp"
#include "models/openai/openai.hpp"
#include "models/systemone/systemone.hpp"

namespace heretix {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const SystemTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 11 / 28) + 22h;

HttpProviderOptions options_of(std::shared_ptr<const DecisionWire> wire) {
  HttpProviderOptions options;
  options.provider = "p";
  options.asked_model = "m";
  options.model = ModelName("m");
  options.base_url = "https://api.test";
  options.key = "sk-0123456789";
  options.key_name = "P_API_KEY";
  options.decisions = std::move(wire);
  options.prices = PriceHistory({{.price = Price{.standard = {.rates = {.input = Usd::from_picos(42'001)}}}}});
  return options;
}

const HttpProviderOptions& openai() {
  static const auto options = options_of(std::make_shared<OpenAiDecisionWire>());
  return options;
}
const HttpProviderOptions& gemini() {
  static const auto options = options_of(std::make_shared<GeminiDecisionWire>());
  return options;
}
const HttpProviderOptions& systemone() {
  static const auto options = options_of(std::make_shared<SystemOneWire>(SystemOneDialect{}));
  return options;
}

std::vector<Statement> statements(std::initializer_list<const char*> ids) {
  std::vector<Statement> all;
  for (const char* id : ids) all.push_back({id, "Snow is white."});
  return all;
}
const std::vector<Statement> kTwo = statements({"q1", "q2"});

HttpResponse response_of(const std::string& body, int status = 200, std::initializer_list<const char*> headers = {}) {
  HttpResponse response;
  response.status = status;
  response.body = body;
  response.bytes_sent = 900;
  response.milliseconds = 210;
  for (const char* line : headers) response.headers.add_line(line);
  return response;
}

using Outcomes = std::vector<std::variant<Reply, Failure>>;

Outcomes outcomes(const HttpProviderOptions& options, const HttpResponse& response,
                  const std::vector<Statement>& asked = kTwo) {
  return outcome_of_each(read_decisions(response, options, asked, kNow), asked.size());
}

std::vector<Reply> replies(const HttpProviderOptions& options, const std::string& body,
                           const std::vector<Statement>& asked = kTwo) {
  std::vector<Reply> all;
  for (const auto& outcome : outcomes(options, response_of(body), asked)) {
    if (const auto* reply = std::get_if<Reply>(&outcome)) all.push_back(*reply);
    else ADD_FAILURE() << body << ": " << std::get<Failure>(outcome).message;
  }
  all.resize(asked.size());
  return all;
}

Failure failure(const HttpProviderOptions& options, const HttpResponse& response) {
  const Outcomes all = outcomes(options, response);
  for (const auto& outcome : all) {
    if (const auto* failure = std::get_if<Failure>(&outcome)) return *failure;
  }
  ADD_FAILURE() << "answers were read from " << response.body;
  return {.kind = ErrorKind::broken, .message = {}};
}

// ---- What is sent ----

TEST(DecisionBodies, HoldTheStateAndEachStatementAsTheServiceWantsThem) {
  const std::vector<Statement> two = {{"q1", "Snow is \"white\"."}, {"q2", "Ice is warm."}};
  EXPECT_EQ(OpenAiDecisionWire().body("gpt-6-luna", "Neutral.", two).dump(),
            R"({"model":"gpt-6-luna","input":"Neutral.","questions":[)"
            R"({"type":"predicate","instructions":"Snow is \"white\".","name":"q1"},)"
            R"({"type":"predicate","instructions":"Ice is warm.","name":"q2"}]})");
  EXPECT_EQ(GeminiDecisionWire().body("gemini-decision-1", "Neutral.", two).dump(),
            R"({"model":"gemini-decision-1","input":"Neutral.","questions":{)"
            R"("q1":{"type":"noul","instructions":"Snow is \"white\"."},)"
            R"("q2":{"type":"noul","instructions":"Ice is warm."}}})");
  EXPECT_EQ(SystemOneWire(SystemOneDialect{}).body("jev-1.13.0", "Neutral.", two).dump(),
            R"({"model":"jev-1.13.0","state":"Neutral.","questions":{)"
            R"("q1":{"type":"noul","instructions":"Snow is \"white\"."},)"
            R"("q2":{"type":"noul","instructions":"Ice is warm."}}})");
}

TEST(DecisionBodies, GoToThePathOfTheService) {
  EXPECT_EQ(OpenAiDecisionWire().path(), "/decisions");
  EXPECT_EQ(GeminiDecisionWire().path(), "/v1beta/decisions");
  EXPECT_EQ(SystemOneWire(SystemOneDialect{}).path(), "/v1/systemone");
  EXPECT_EQ(SystemOneWire(SystemOneDialect{.path = "/api/alpha/decisions"}).path(), "/api/alpha/decisions");
}

// ---- What comes back ----

TEST(DecisionReplies, OfRealServersAreReadByTheirIds) {
  struct Case {
    const char* record;
    double claim, negation;
    const char* model;
    long input;
  };
  for (const Case& c : {Case{"llamacpp-smol", 0.5134569087022831, 0.5534081826341325, "m/smol-openjev.gguf", 320},
                        Case{"typedgguf-smol", 0.799667, 0.706436, "smol", 270},
                        Case{"callo-qwen", 0.3553487717712394, 0.3456350102013803,
                             "models/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", 338},
                        Case{"microllm", 0.5847812627496769, 0.6152404741682326, "jev-latest", 36}}) {
    const auto body = content_of_file(std::string(HERETIX_TEST_DATA) + "/provider/decisions/" + c.record + ".json");
    ASSERT_TRUE(body) << c.record;
    const auto asked = statements({"claim", "neg"});
    const std::vector<Reply> all = replies(systemone(), *body, asked);
    EXPECT_EQ(json::parse(all[0].text).at("noul"), c.claim) << c.record;
    EXPECT_EQ(json::parse(all[1].text).at("noul"), c.negation) << c.record;
    EXPECT_EQ(all[0].model_version, c.model);
    EXPECT_EQ(all[0].usage.input.value_or(0) + all[1].usage.input.value_or(0), c.input);
    EXPECT_EQ(all[0].notice, "");
  }
}

TEST(DecisionReplies, KeepTheAnswerObjectWithoutItsConfidence) {
  const std::string body =
      R"({"model":"jev-1.13.0","answers":{"q2":{"type":"noul","noul":0.01,"confidence":0.99},"q1":{"type":"noul","noul":0.98}},)"
      R"("usage":{"input_tokens":101,"output_tokens":0}})";
  const std::vector<Reply> all = replies(systemone(), body);
  EXPECT_EQ(all[0].text, R"({"noul":0.98,"type":"noul"})");
  EXPECT_EQ(all[1].text, R"({"noul":0.01,"type":"noul"})");
  EXPECT_EQ(all[0].ending, Ending::complete);
  EXPECT_EQ(all[0].latency_ms, 210);
  EXPECT_EQ(all[1].latency_ms, 210);
}

TEST(DecisionReplies, OfOpenAiAreAListInTheOrderOfTheQuestions) {
  const std::string usage =
      R"("usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":4,"cache_write_tokens":0},"output_tokens":0,)"
      R"("output_tokens_details":{"reasoning_tokens":0},"total_tokens":9})";
  const auto texts = [&](const std::string& answers) {
    const auto all = replies(openai(), R"({"model":"gpt-6-luna","answers":)" + answers + "," + usage + "}");
    return std::vector<std::string>{all[0].text, all[1].text};
  };
  using Texts = std::vector<std::string>;
  const std::string first = R"({"type":"predicate","name":null,"probability":0.25})";
  const std::string second = R"({"type":"predicate","name":null,"probability":0.75})";
  const std::string named_1 = R"({"name":"q1","probability":0.25,"type":"predicate"})";
  const std::string named_2 = R"({"name":"q2","probability":0.75,"type":"predicate"})";

  EXPECT_EQ(texts("[" + first + "," + second + "]"), (Texts{R"({"name":null,"probability":0.25,"type":"predicate"})",
                                                            R"({"name":null,"probability":0.75,"type":"predicate"})"}));
  EXPECT_EQ(texts("[" + named_2 + "," + named_1 + "]"), (Texts{named_1, named_2})) << "a name wins over its place";
  EXPECT_EQ(texts("[" + named_2 + "]"), (Texts{"", named_2})) << "one is missing, and the name says which";
  EXPECT_EQ(texts("[" + second + "]"), (Texts{"", ""})) << "one is missing, and nobody can tell which";
  EXPECT_EQ(texts("[" + first + "," + second + "," + first + "]"), (Texts{"", ""}));
  EXPECT_EQ(texts("[]"), (Texts{"", ""}));
}

TEST(DecisionReplies, ThreeKindsOfNoAnswerStayThree) {
  const auto refused = replies(openai(), R"({"model":"m","answers":[{"type":"refusal","name":"q1"},)"
                                         R"({"type":"predicate","name":"q2","probability":0.5}]})");
  EXPECT_EQ(refused[0].ending, Ending::refused);
  EXPECT_EQ(refused[0].text, R"({"name":"q1","type":"refusal"})");
  EXPECT_EQ(refused[0].finish, "refusal");
  EXPECT_EQ(refused[0].notice, "");
  EXPECT_EQ(refused[1].ending, Ending::complete) << "the other question keeps its answer";

  for (const char* reason : {"safety", "a_new_word"}) {
    const auto blocked = replies(gemini(), json{{"prompt_feedback", {{"block_reason", reason}}}}.dump());
    for (const Reply& reply : blocked) {
      EXPECT_EQ(reply.ending, Ending::filtered);
      EXPECT_EQ(reply.finish, reason);
      EXPECT_EQ(reply.text, json({{"block_reason", reason}}).dump());
    }
  }

  const auto missing = replies(systemone(), R"({"model":"m","answers":{"q2":{"type":"noul","noul":0.5},"x":{}}})");
  EXPECT_EQ(missing[0].ending, Ending::complete);
  EXPECT_EQ(missing[0].text, "");
  EXPECT_EQ(missing[1].text, R"({"noul":0.5,"type":"noul"})");
}

TEST(DecisionReplies, OfATypeThatWasNotAskedForAreSkippedAndTold) {
  const auto all =
      replies(systemone(), R"({"answers":{"q1":{"type":"boolean","noul":0.9},"q2":{"type":"choice","choice":"yes"}}})");
  EXPECT_EQ(all[0].text, R"({"noul":0.9,"type":"boolean"})");
  EXPECT_NE(all[0].notice.find("skipped an answer of the type 'boolean'"), std::string::npos) << all[0].notice;
  EXPECT_NE(all[1].notice.find("'choice'"), std::string::npos);
  const auto others = replies(systemone(), R"({"answers":{"q1":0.9,"q2":{"noul":0.9}}})");
  EXPECT_EQ(others[0].text, "0.9");
  EXPECT_NE(others[0].notice.find("an answer without a type"), std::string::npos);
  EXPECT_NE(others[1].notice.find("an answer without a type"), std::string::npos);
  EXPECT_EQ(replies(systemone(), R"({"answers":{"q1":null,"q2":null}})")[0].text, "") << "null is no answer";
}

TEST(DecisionReplies, KeepTheNameThatIsEchoedElseTheOneThatWasAsked) {
  const std::string answers = R"("answers":{"q1":{"type":"noul","noul":0.5},"q2":{"type":"noul","noul":0.5}})";
  EXPECT_EQ(replies(systemone(), R"({"model":"typesafe/jev-1.13-20260917",)" + answers + "}")[1].model_version,
            "typesafe/jev-1.13-20260917");
  EXPECT_EQ(replies(gemini(), "{" + answers + "}")[1].model_version, "m");
}

TEST(DecisionReplies, NameTheRequestAsTheServiceDoes) {
  const std::string answers = R"("answers":{"q1":{"type":"noul","noul":0.5},"q2":{"type":"noul","noul":0.5}}})";
  EXPECT_EQ(replies(systemone(), R"({"id":"gen-1",)" + answers)[0].response_id, "gen-1");
  const auto named = outcomes(systemone(), response_of("{" + answers, 200, {"x-typesafe-request-id: req_7"}));
  EXPECT_EQ(std::get<Reply>(named[1]).response_id, "req_7");
}

TEST(DecisionReplies, BlotOutAKeyThatTheyRepeat) {
  const auto all = replies(systemone(), R"({"answers":{"q1":{"type":"sk-0123456789","noul":0.5},"q2":null}})");
  EXPECT_EQ(all[0].text.find("sk-0123456789"), std::string::npos) << all[0].text;
  EXPECT_EQ(all[0].notice.find("sk-0123456789"), std::string::npos) << all[0].notice;
}

TEST(DecisionReplies, WithoutAnswersAreFailuresOfEveryQuestion) {
  for (const auto* options : {&openai(), &gemini(), &systemone()}) {
    for (const char* body :
         {"", "{}", "[]", "0.98", R"({"answers":7})", R"({"answers":{"q1":{"type":"noul","noul":NaN}}})", ")]}'\n{}",
          R"({"error":{"message":"it broke"}})"}) {
      const Outcomes all = outcomes(*options, response_of(body));
      ASSERT_EQ(all.size(), 2U);
      for (const auto& outcome : all) {
        const auto* failure = std::get_if<Failure>(&outcome);
        ASSERT_NE(failure, nullptr) << body;
        EXPECT_EQ(failure->kind, ErrorKind::in_doubt) << body;
        EXPECT_NE(failure->message.find("without an answer"), std::string::npos) << failure->message;
      }
    }
  }
}

// ---- What it costs ----

TEST(DecisionCosts, AreSharedOutWithoutLosingATokenOrAPicodollar) {
  const auto seven = statements({"a", "b", "c", "d", "e", "f", "g"});
  json answers = json::object();
  for (const Statement& s : seven) answers[s.id] = {{"type", "noul"}, {"noul", 0.5}};
  const auto all = replies(
      systemone(), json{{"answers", answers}, {"usage", {{"input_tokens", 101}, {"output_tokens", 9}}}}.dump(), seven);
  long input = 0, output = 0;
  Usd billed;
  for (const Reply& reply : all) {
    input += *reply.usage.input;
    output += *reply.usage.output;
    billed += *reply.billed;
    EXPECT_TRUE(*reply.usage.input == 14 || *reply.usage.input == 15);
  }
  EXPECT_EQ(input, 101);
  EXPECT_EQ(output, 9);
  EXPECT_EQ(billed, Usd::from_picos(42'001) * 101);
}

TEST(DecisionCosts, AreWhatTheServiceChargedWhereItSaysSo) {
  const std::string body = R"({"answers":{"q1":{"type":"noul","noul":0.5},"q2":{"type":"noul","noul":0.5}},)"
                           R"("usage":{"input_tokens":101,"output_tokens":0,"cost":0.000004243}})";
  const auto all = replies(systemone(), body);
  EXPECT_EQ(*all[0].billed + *all[1].billed, Usd::from_picos(4'243'000));
}

TEST(DecisionCosts, OfAFailureThatWasBilledAreSharedOutToo) {
  const auto all = outcomes(systemone(), response_of(R"({"usage":{"input_tokens":3,"output_tokens":0}})"));
  EXPECT_EQ(*std::get<Failure>(all[0]).billed + *std::get<Failure>(all[1]).billed, Usd::from_picos(42'001) * 3);
}

TEST(DecisionCosts, AreUnknownWhereTheUsageIsNone) {
  for (const char* usage : {"null", "{}", R"({"input_tokens":320.0,"output_tokens":0.0})", R"({"input_tokens":-1})"}) {
    const auto all = replies(systemone(), std::string(R"({"answers":{"q1":null,"q2":null},"usage":)") + usage + "}");
    EXPECT_EQ(all[0].billed, std::nullopt) << usage;
  }
}

TEST(DecisionCosts, OfGeminiCountNoOutputWhereNoneIsNamed) {
  const auto all = replies(gemini(), R"({"answers":{"q1":null,"q2":null},"usage":{"total_input_tokens":10}})");
  EXPECT_EQ(*all[0].usage.input + *all[1].usage.input, 10);
  EXPECT_EQ(*all[0].billed + *all[1].billed, Usd::from_picos(420'010));
}

TEST(DecisionCosts, FollowTheTierOfDecisionsWhereTheListHasOne) {
  HttpProviderOptions options = openai();
  Price price{.standard = {.rates = {.input = Usd::from_micros(1), .output = Usd::from_micros(5)}}};
  price.tiers["decision"] = {.rates = {.input = Usd::from_micros(2)}};
  options.prices = PriceHistory({{.price = price}});
  const std::string body = R"({"answers":[{"type":"predicate","probability":0.5},{"type":"refusal"}],)"
                           R"("usage":{"input_tokens":10,"output_tokens":3}})";
  const auto all = replies(options, body);
  EXPECT_EQ(*all[0].billed + *all[1].billed, Usd::from_micros(20));
  EXPECT_EQ(for_decisions(Price{}).standard.rates.input, Usd()) << "without that tier a price stays as it is";
}

// ---- What follows from a failure ----

TEST(DecisionFailures, OfAConflictAreSentAgainOnlyWhereTheServiceSaysSo) {
  const std::string body = R"({"error":{"message":"conflict","code":"conflict"}})";
  EXPECT_EQ(failure(openai(), response_of(body, 409)).kind, ErrorKind::unavailable);
  EXPECT_EQ(failure(gemini(), response_of(body, 409)).kind, ErrorKind::unavailable);
  EXPECT_EQ(failure(systemone(), response_of(body, 409)).kind, ErrorKind::bad_input);
}

TEST(DecisionFailures, OfBusyServicesWaitAsLongAsTheyAreTold) {
  const std::string body = R"({"detail":{"error_type":"overloaded","message":"try later"}})";
  for (const int status : {408, 429, 503, 529}) {
    const auto response = response_of(body, status, {"retry-after: 9", "retry-after-ms: 1500"});
    const Failure told = failure(systemone(), response);
    EXPECT_EQ(told.kind, ErrorKind::unavailable) << status;
    EXPECT_EQ(told.retry_after, 1500ms) << status;
  }
  EXPECT_TRUE(failure(openai(), response_of(body, 429, {"x-should-retry: false"})).parks_run);
  EXPECT_TRUE(failure(openai(), response_of(body, 429, {"retry-after: 121"})).parks_run);
}

TEST(DecisionFailures, SayThatAModelIsNoDecisionModelAndHowItWouldBeRead) {
  struct Case {
    int status;
    const char* message;
  };
  for (const Case& c :
       {Case{501, "This model does not support it"}, Case{400, "use /v1/chat/completions for this model"},
        Case{404, "This model is only supported in v1/responses and not in v1/decisions"},
        Case{400, "m is not a decision model"}}) {
    const auto response = response_of(json{{"error", {{"message", c.message}}}}.dump(), c.status);
    const Failure told = failure(systemone(), response);
    EXPECT_EQ(told.kind, ErrorKind::bad_input) << c.message;
    EXPECT_NE(told.message.find(c.message), std::string::npos);
    EXPECT_NE(told.hint.find("m is not a decision model; use --readout verbalized"), std::string::npos) << told.hint;
  }
  const Failure other = failure(systemone(), response_of(R"({"error":{"message":"Unknown model: m"}})", 400));
  EXPECT_EQ(other.hint.find("not a decision model"), std::string::npos) << other.hint;
  const Failure broken = failure(systemone(), response_of(R"({"error":{"message":"see /responses"}})", 500));
  EXPECT_EQ(broken.kind, ErrorKind::in_doubt);
}

TEST(DecisionFailures, ShowWhatIsWrongWithWhichPartOfTheRequest) {
  const std::string body =
      R"({"detail":[{"loc":["body","questions","q1","noul","criteria"],"msg":"Both are required","type":"missing"}]})";
  EXPECT_EQ(failure(systemone(), response_of(body, 422)).message,
            "p: HTTP 422: body.questions.q1.noul.criteria: Both are required");
}

TEST(ChatFailures, SayThatAModelIsADecisionModel) {
  HttpProviderOptions options = openai();
  options.wire = std::make_shared<ChatWire>(ChatDialect{});
  const std::string body = R"({"error":{"message":"typesafe/jev-1.13 is served at /api/alpha/decisions"}})";
  const Reading reading = read_response(response_of(body, 400), options, kNow);
  const auto& failure = std::get<Failure>(reading.outcome);
  EXPECT_EQ(failure.kind, ErrorKind::bad_input);
  EXPECT_NE(failure.hint.find("--readout decision"), std::string::npos) << failure.hint;
}

// ---- Which questions go together ----

Plan plan_of(std::initializer_list<bool> negations) {
  Plan plan{.recipe = {.claim = {.text = "Snow is white"}, .model = ModelName("m"), .sampling = {}},
            .prompt_version = {},
            .bank_sha256 = {},
            .system_text = "Neutral.",
            .run_id = {},
            .template_order = {},
            .slot_order = {},
            .planned_counts = {},
            .questions = {},
            .templates = {}};
  plan.recipe.mode.with("readout", "decision");
  for (const bool is_negation : negations) {
    Question& question = plan.questions.emplace_back();
    question.user_text = std::to_string(plan.questions.size() - 1);
    question.is_negation = is_negation;
  }
  return plan;
}

std::vector<std::size_t> taken(const Packing& packing, std::deque<Request>& ready, bool more_may_come) {
  std::vector<std::size_t> questions;
  for (const Request& request : packing.take(ready, more_may_come)) questions.push_back(request.question);
  return questions;
}

TEST(Packing, NeverPutsAStatementBesideANegation) {
  const Plan plan = plan_of({false, true, false, true, false, true, false});
  const Packing packing(plan, 3);
  std::deque<Request> ready = {{0}, {1}, {2}, {3}, {6}, {5}, {4}};
  using Places = std::vector<std::size_t>;
  EXPECT_EQ(taken(packing, ready, true), (Places{0, 2, 6})) << "in the order of the plan";
  EXPECT_EQ(taken(packing, ready, true), (Places{1, 3, 5}));
  EXPECT_EQ(taken(packing, ready, true), Places{}) << "one that is not full waits for more";
  EXPECT_EQ(taken(packing, ready, false), Places{4});
  EXPECT_TRUE(ready.empty());
}

TEST(Packing, SendsTheSideThatIsFull) {
  const Plan plan = plan_of({false, true, true});
  std::deque<Request> ready = {{0}, {1}, {2}};
  EXPECT_EQ(taken(Packing(plan, 2), ready, true), (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(ready.size(), 1U);
}

TEST(Packing, NamesStatementsByTheirPlaceOrAsTheModeSays) {
  Plan plan = plan_of({false, false});
  const std::vector<Request> both = {{0}, {1}};
  EXPECT_EQ(Packing(plan, 2).statements(both)[1].id, "q2");
  plan.recipe.mode.with("ids", "item-");
  const auto renamed = Packing(plan, 2).statements(both);
  EXPECT_EQ(renamed[0].id, "item-1");
  EXPECT_EQ(renamed[1].text, "1");
}

TEST(Together, IsRefusedAboveWhatTheServiceTakes) {
  Plan plan = plan_of({false});
  EXPECT_EQ(questions_together(plan, openai()), 1U);
  plan.recipe.mode.with("together", "400");
  EXPECT_EQ(questions_together(plan, openai()), 400U);
  for (const char* wrong : {"401", "0", "-3", "many", "99999999999999999999"}) {
    plan.recipe.mode.with("together", wrong);
    EXPECT_THROW(questions_together(plan, openai()), Error) << wrong;
  }
}

TEST(Together, RefusesAStatementThatIsLongerThanTheServiceTakes) {
  const auto jev = options_of(std::make_shared<SystemOneWire>(SystemOneDialect{.limits = kJevLimits}));
  Plan plan = plan_of({false});
  plan.questions[0].user_text = std::string(196'600, 'x');
  EXPECT_EQ(questions_together(plan, jev), 1U);
  plan.questions[0].user_text += std::string(100, 'x');
  try {
    questions_together(plan, jev);
    FAIL() << "it was taken";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::too_large);
    EXPECT_STREQ(
        e.what(),
        "p takes at most 32768 tokens for the state and its longest question, which here amount to 196708 bytes");
  }
  EXPECT_EQ(questions_together(plan, systemone()), 1U) << "a server that names no limit decides by itself";
}

// ---- Whose server it is ----

TEST(Server, IsNamedByItsFirstProductAndLlamaCppsBuild) {
  const auto named = [](const char* header, const std::string& body = "", int status = 404) {
    return server_in(response_of(body, status, {header}));
  };
  EXPECT_EQ(named("Server: typed-gguf/0.3.0 "), "typed-gguf/0.3.0");
  EXPECT_EQ(named("Server: callo "), "callo");
  EXPECT_EQ(named("server: jevcompat-mock Python/3.11.7"), "jevcompat-mock");
  EXPECT_EQ(named("Server: nginx/1.2 (Debian)"), "nginx/1.2");
  EXPECT_EQ(named("Server: llama.cpp", R"({"build_info":"b11434-0123abc"})", 200), "llama.cpp/b11434-0123abc");
  EXPECT_EQ(named("X: y", R"({"build_info":"b11434-0123abc"})", 200), "llama.cpp/b11434-0123abc");
  EXPECT_EQ(named("X: y"), "");
  EXPECT_EQ(named("Server: a;b=c/1;readout=token"), "a_b_c/1_readout_token") << "nothing else gets into a key";
}

}  // namespace
}  // namespace heretix
