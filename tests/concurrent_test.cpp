// What headers promise about threads, under the thread sanitizer: pure functions from many threads at once, and one
// file written over many connections.
#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>
#include <thread>

#include "base/file.hpp"
#include "belief/answer/verdict.hpp"
#include "belief/estimate/estimate.hpp"
#include "belief/plan/plan.hpp"
#include "belief/prompt/bank.hpp"
#include "measure/answer_store.hpp"
#include "measure/check_set.hpp"
#include "measure/run_check.hpp"
#include "models/http/http_provider.hpp"
#include "models/openai/openai.hpp"
#include "models/scripted/scripted_provider.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

constexpr int kThreads = 4;
constexpr int kAnswersEach = 25;

void on_threads(const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
  for (std::thread& t : threads) t.join();
}

PromptBank bank() {
  return parse_bank(
      "version: v\nsystem: s\nuser_template: t\nparaphrases:\n  - is {CLAIM} so\n  - how likely is {CLAIM}\n", "test");
}

Plan plan_for(int thread) {
  Recipe recipe{
      .claim = {"claim " + std::to_string(thread)}, .model = ModelName("m"), .mode = Mode::mock(), .sampling = {}};
  recipe.sampling.slots = 1;
  recipe.sampling.replicates = kAnswersEach;
  return make_plan(recipe, bank());
}

TEST(Threads, PureFunctionsAgreeWithThemselves) {
  const std::vector<TemplateLogits> templates = {{"a", {Logit{0.1}, Logit{1.7}}}, {"b", {Logit{-0.3}}}};
  const Estimate alone = estimate(templates, {.seed = 3});
  on_threads([&](int thread) {
    EXPECT_EQ(estimate(templates, {.seed = 3}).low, alone.low);
    EXPECT_TRUE(read_answer("{\"prob_true\":0.5}", {}).usable());
    EXPECT_EQ(plan_for(thread).questions.size(), static_cast<std::size_t>(kAnswersEach));
  });
}

TEST(Threads, ManyConnectionsWriteOneFileAndLoseNothing) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("heretix-threads-" + std::to_string(::getpid()));
  const std::string path = folder / "h.sqlite";
  on_threads([&](int thread) {
    const auto database = open_harness_file(path, {.access = Access::create});
    AnswerStore store(*database, ExecutionId{"exec-" + std::to_string(thread)}, RecipeId{"run"});
    ProviderFacts facts{
        .provider = "test", .model = ModelName("m"), .mode = Mode::mock(), .price = Price{}, .cost_note = ""};
    const Plan plan = plan_for(thread);
    for (const Question& question : plan.questions) {
      Transaction transaction(*database);
      EXPECT_FALSE(store.history(plan, question).final_answer);
      store.record_attempt(question, 1, facts, Usd::from_micros(1), 0);
      Answer answer;
      answer.raw_text = "{\"prob_true\":0.5}";
      answer.verdict = read_answer(*answer.raw_text, {});
      store.keep_answer(question, answer, {}, facts);
      store.keep_sample(question, answer);
      transaction.commit();
    }
  });
  const auto database = open_harness_file(path, {.access = Access::read_only});
  EXPECT_EQ(database->query("SELECT count(*) AS n FROM samples")[0].integer("n"), kThreads * kAnswersEach);
  std::filesystem::remove_all(folder);
}

// Answers every request on every connection at once.
class LoopbackServer {
 public:
  LoopbackServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no loopback socket");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~LoopbackServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    for (std::thread& t : connections_) t.join();
  }
  int port() const { return port_; }

 private:
  void accept_all() {
    for (int socket = ::accept(listener_, nullptr, nullptr); socket >= 0;
         socket = ::accept(listener_, nullptr, nullptr))
      connections_.emplace_back([socket] { serve(socket); });
  }
  static void serve(int socket) {
    const std::string body =
        R"({"choices":[{"message":{"content":"{\"prob_true\":0.5}"},"finish_reason":"stop"}],"id":"i",)"
        R"("model":"m","usage":{"prompt_tokens":9,"completion_tokens":4}})";
    const std::string reply = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    std::string heard;
    std::array<char, 16384> bytes{};
    for (ssize_t got = ::read(socket, bytes.data(), bytes.size()); got > 0;
         got = ::read(socket, bytes.data(), bytes.size())) {
      heard.append(bytes.data(), static_cast<std::size_t>(got));
      if (!heard.ends_with("}")) continue;  // requests end with their JSON
      heard.clear();
      if (::send(socket, reply.data(), reply.size(), MSG_NOSIGNAL) < 0) break;
    }
    ::close(socket);
  }

  int listener_;
  int port_ = 0;
  std::thread acceptor_;
  std::vector<std::thread> connections_;
};

HttpProviderOptions asking(const LoopbackServer& server, std::size_t concurrency) {
  HttpProviderOptions options;
  options.provider = options.asked_model = "m";
  options.model = ModelName("m");
  options.base_url = "http://127.0.0.1:" + std::to_string(server.port());
  options.wire = std::make_shared<ChatWire>(ChatDialect{});
  options.concurrency = concurrency;
  return options;
}

// Counts what it hands out and takes back; a provider may call it from one thread at a time, whichever.
class CountingExchange final : public Exchange {
 public:
  explicit CountingExchange(std::size_t questions) : left_(questions) {}
  Taken turn(std::vector<Delivery> deliveries, std::size_t most) override {
    for (const Delivery& d : deliveries) answered_ += std::size_t{std::holds_alternative<Reply>(d.outcome)};
    open_ -= deliveries.size();
    Taken taken;
    for (; most > 0 && left_ > 0; --most) taken.requests.push_back({.question = --left_, .attempt = 1});
    open_ += taken.requests.size();
    most_open_ = std::max(most_open_, open_);
    if (left_ > 0) taken.again_at = std::chrono::steady_clock::now();
    return taken;
  }
  void tell_wait(const std::string&) override {}
  bool abandoned() const override { return false; }
  std::size_t answered() const { return answered_; }
  std::size_t most_open() const { return most_open_; }

 private:
  std::size_t left_, open_ = 0, most_open_ = 0, answered_ = 0;
};

TEST(Threads, AHostedProviderCommitsOnOneThreadWhileAnotherMovesBytes) {
  constexpr std::size_t kConcurrency = 20;
  const LoopbackServer server;
  HttpProvider provider(asking(server, kConcurrency));
  Recipe recipe{.claim = {"claim"}, .model = ModelName("m"), .mode = Mode::live(), .sampling = {}};
  recipe.sampling.slots = 2;
  recipe.sampling.replicates = 500;
  const Plan plan = make_plan(recipe, bank());
  CountingExchange exchange(plan.questions.size());
  provider.answer(plan, exchange);
  EXPECT_EQ(exchange.answered(), plan.questions.size());
  EXPECT_LE(exchange.most_open(), kConcurrency);  // what a crash leaves open at the most
}

class Quiet final : public AskObserver {
 public:
  void on_progress(const AskProgress&, const std::vector<std::optional<Answer>>&) override {}
  void on_wait(const std::string&) override {}
};

// A set of checks by one provider, whose claims come twice each, so that some find the answers of others.
class SetOfChecks : public ::testing::Test {
 protected:
  static constexpr std::size_t kClaims = 60;

  std::vector<std::string> measure(Provider& provider, std::size_t at_once) {
    const auto file = open_harness_file(folder.path() + "/h.sqlite", {.access = Access::create});
    const PromptBanks banks(HERETIX_PROMPTS);
    const SystemClock clock;
    const StopSignal stop;
    CheckSet set(stop, ReportOrder::as_given);
    SharedProvider shared(provider, set.shared());
    std::vector<std::string> reported;
    std::size_t next = 0;
    set.run(at_once, [&]() -> std::optional<CheckSet::Job> {
      if (next == 2 * kClaims) return std::nullopt;
      const std::string claim = "Claim number " + std::to_string(next++ / 2);
      return CheckSet::Job{
          .alone_by = claim, .make = [&, claim]() -> CheckSet::Report {
            const auto database = set.shared().stores.for_one_check(*file);
            const auto mine = shared.for_one_check();
            RunStore runs(*database);
            CheckRequest request{.claim = claim, .bank = kQuestionBank, .sampling = {}};
            request.sampling.slots = 4;
            request.sampling.replicates = 1;
            request.sampling.draws = 50;
            Quiet quiet;
            const PlannedCheck planned = plan_check(request, banks, *mine, runs);
            const Record record = run_check(planned, {banks, *mine, runs, "", clock, set.stop(), quiet});
            return [&, text = record.plan.recipe.claim.text] { reported.push_back(text); };
          }};
    });
    samples = file->query("SELECT count(*) AS n FROM samples")[0].integer("n").value_or(0);
    attempts = file->query("SELECT count(*) AS n FROM heretix_attempts")[0].integer("n").value_or(0);
    return reported;
  }

  void expect_each_asked_once(const std::vector<std::string>& reported) const {
    ASSERT_EQ(reported.size(), 2 * kClaims);
    for (std::size_t i = 0; i < reported.size(); ++i)
      EXPECT_EQ(reported[i], "Claim number " + std::to_string(i / 2)) << "in their order";
    EXPECT_EQ(samples, 4 * static_cast<std::int64_t>(kClaims));
    EXPECT_EQ(attempts, samples) << "none is asked twice";
  }

  TemporaryFolder folder;
  std::int64_t samples = 0, attempts = 0;
};

TEST_F(SetOfChecks, SharesAProviderThatAnswersSeveralPlansTogether) {
  Script script;
  script.model = ModelName("played");
  script.concurrency = 10;
  script.delay = std::chrono::milliseconds(2);
  ScriptedProvider provider(script);
  expect_each_asked_once(measure(provider, 12));
}

TEST_F(SetOfChecks, SharesAHostedProvider) {
  const LoopbackServer server;
  HttpProvider provider(asking(server, 20));
  expect_each_asked_once(measure(provider, 12));
}

// Answers one plan after the other, as a model in this process does.
class OneByOne final : public Provider {
 public:
  explicit OneByOne(Script script) : inner_(std::move(script)) {}
  const ProviderFacts& facts() const override { return inner_.facts(); }
  void answer(const Plan& plan, Exchange& exchange) override {
    EXPECT_FALSE(std::exchange(answers_, true));
    inner_.answer(plan, exchange);
    answers_ = false;
  }

 private:
  ScriptedProvider inner_;
  bool answers_ = false;
};

TEST_F(SetOfChecks, TakesTurnsAtAProviderThatAnswersOnePlanAfterTheOther) {
  Script script;
  script.model = ModelName("played");
  OneByOne provider(script);
  expect_each_asked_once(measure(provider, 4));
}

}  // namespace
}  // namespace heretix
