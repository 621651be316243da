// The desk of System One under the thread sanitizer: its own thread, those of its steps, and requests that come at the
// same time, for the same questions and for others.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "measure/systemone/decision_desk.hpp"
#include "models/scripted/scripted_provider.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

using namespace std::chrono_literals;

constexpr int kRequesters = 8;
constexpr int kRequestsEach = 6;
constexpr const char* kState = "I was charged twice and want my money back.";

// A noul, a choice and a score, of which each request asks one or two.
const std::array<DecisionQuestion, 3> kQuestions = {
    DecisionQuestion{
        .kind = DecisionKind::noul, .instructions = "Does the customer ask for a refund?", .yes = {}, .no = {}},
    DecisionQuestion{.kind = DecisionKind::choice,
                     .instructions = "Which team?",
                     .yes = {},
                     .no = {},
                     .options = {{"Billing", "invoices"}, {"Technical", ""}}},
    DecisionQuestion{.kind = DecisionKind::score,
                     .instructions = "How angry is the customer?",
                     .yes = {},
                     .no = {},
                     .options = {{"0", "calm"}, {"1", "annoyed"}}}};

DecisionRequest request_of(int number) {
  DecisionRequest request{.model = "jev-latest", .state = kState, .questions = {}};
  for (int i = number; i <= number + number % 2; ++i)
    request.questions.push_back({"q" + std::to_string(i), kQuestions[static_cast<std::size_t>(i) % kQuestions.size()]});
  return request;
}

std::int64_t attempts_in(Database& database) {
  return database.query("SELECT count(*) AS n FROM heretix_attempts")[0].integer("n").value_or(0);
}

class DeskThreads : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Database> open() const {
    return open_harness_file((folder_ / "decisions.sqlite").string(), {.access = Access::create});
  }

  // The distinct answers to each question, of all requests at the same time.
  std::array<std::set<std::string>, 3> asked_at_once(DecisionDesk& desk) {
    std::array<std::set<std::string>, 3> answers;
    std::mutex mutex;
    std::vector<std::thread> requesters;
    for (int requester = 0; requester < kRequesters; ++requester)
      requesters.emplace_back([&, requester] {
        for (int i = 0; i < kRequestsEach; ++i) {
          const int number = requester + i;
          const DecisionRequest request = request_of(number);
          const DecisionDesk::Answered answered = desk.answer(request);
          const std::lock_guard lock(mutex);
          for (std::size_t k = 0; k < answered.answers.size(); ++k)
            answers[(static_cast<std::size_t>(number) + k) % kQuestions.size()].insert(
                stored_json(answered.answers[k]).dump());
        }
      });
    for (std::thread& requester : requesters) requester.join();
    return answers;
  }

  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("heretix-desk-" + std::to_string(::getpid()));
  SystemClock clock_;
  PromptBanks banks_{HERETIX_PROMPTS};
};

TEST_F(DeskThreads, RequestsForOneQuestionAreJoinedAndGetOneAnswer) {
  const auto provider = make_mock_provider(ModelName("play"));
  const auto database = open();
  {
    DecisionDesk desk({.provider = *provider, .banks = banks_, .database = *database, .clock = clock_},
                      {.patience = 60s});
    for (const auto& answers : asked_at_once(desk)) EXPECT_EQ(answers.size(), 1U);
  }

  // Each question was measured once: what a second desk asks for is stored.
  const std::int64_t attempts = attempts_in(*database);
  EXPECT_GT(attempts, 0);
  DecisionDesk again({.provider = *provider, .banks = banks_, .database = *database, .clock = clock_},
                     {.patience = 60s, .most_kept = 0});
  for (const auto& answers : asked_at_once(again)) EXPECT_EQ(answers.size(), 1U);
  EXPECT_EQ(attempts_in(*open()), attempts);
}

// As the service has it on Postgres: each step has a connection of its own, and is told which execution it makes.
TEST_F(DeskThreads, StepsWithConnectionsOfTheirOwnTellTheirExecutions) {
  const auto provider = make_mock_provider(ModelName("play"));
  const auto database = open();
  DatabasePool pool([this] { return open(); }, 4);
  std::mutex mutex;
  std::set<std::string> executions;
  {
    DecisionDesk desk({.provider = *provider,
                       .banks = banks_,
                       .database = *database,
                       .clock = clock_,
                       .connections = &pool,
                       .most_connections = 4,
                       .on_execution =
                           [&](const std::string&, const ExecutionId& id, bool is_new) {
                             const std::lock_guard lock(mutex);
                             if (is_new) executions.insert(id.text());
                           }},
                      {.patience = 60s, .most_kept = 0});
    for (const auto& answers : asked_at_once(desk)) EXPECT_GE(answers.size(), 1U);
  }
  EXPECT_GE(executions.size(), 3U * 4U);  // four steps of each question
}

}  // namespace
}  // namespace heretix
