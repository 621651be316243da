// What headers promise about threads, under the thread sanitizer: pure functions from many threads at once, and one
// file written over many connections.
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <functional>
#include <thread>

#include "answer/verdict.hpp"
#include "ask/answer_store.hpp"
#include "estimate/estimate.hpp"
#include "plan/plan.hpp"
#include "prompt/bank.hpp"
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
  Recipe recipe{.claim = {"claim " + std::to_string(thread)}, .model = "m", .mode = Mode::mock(), .sampling = {}};
  recipe.sampling.slots = 1;
  recipe.sampling.replicates = kAnswersEach;
  return make_plan(recipe, bank());
}

TEST(Threads, PureFunctionsAgreeWithThemselves) {
  const std::vector<TemplateLogits> templates = {{"a", {Logit{0.1}, Logit{1.7}}}, {"b", {Logit{-0.3}}}};
  const Estimate alone = estimate(templates, {.seed = 3});
  on_threads([&](int thread) {
    EXPECT_EQ(estimate(templates, {.seed = 3}).low, alone.low);
    EXPECT_TRUE(read_answer("{\"prob_true\":0.5}").usable());
    EXPECT_EQ(plan_for(thread).questions.size(), static_cast<std::size_t>(kAnswersEach));
  });
}

TEST(Threads, ManyConnectionsWriteOneFileAndLoseNothing) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("heretix-threads-" + std::to_string(::getpid()));
  const std::string path = folder / "h.sqlite";
  on_threads([&](int thread) {
    const auto database = open_harness_file(path, {.access = Access::create});
    AnswerStore store(*database, "exec-" + std::to_string(thread), "run");
    ProviderFacts facts{.provider = "test", .model = "m", .mode = Mode::mock(), .price = Price{}, .cost_note = ""};
    const Plan plan = plan_for(thread);
    for (const Question& question : plan.questions) {
      Transaction transaction(*database);
      EXPECT_FALSE(store.history(plan, question).final_answer);
      store.record_attempt(question, 1, facts, Usd::from_micros(1), 0);
      Answer answer;
      answer.raw_text = "{\"prob_true\":0.5}";
      answer.verdict = read_answer(*answer.raw_text);
      store.keep_answer(question, answer, {}, facts);
      store.keep_sample(question, answer);
      transaction.commit();
    }
  });
  const auto database = open_harness_file(path, {.access = Access::read_only});
  EXPECT_EQ(database->query("SELECT count(*) AS n FROM samples")[0].integer("n"), kThreads * kAnswersEach);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace heretix
