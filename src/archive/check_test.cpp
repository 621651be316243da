// The whole line with real parts, in one process: so that the sanitizers see it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "archive/load_record.hpp"
#include "archive/verify.hpp"
#include "base/error.hpp"
#include "measure/run_check.hpp"
#include "models/scripted/scripted_provider.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

class SilentObserver final : public AskObserver {
 public:
  void on_progress(const AskProgress&, const std::vector<std::optional<Answer>>&) override { ++commits; }
  void on_wait(const std::string& why) override { waits.push_back(why); }
  int commits = 0;
  std::vector<std::string> waits;
};

class Check : public ::testing::Test {
 protected:
  Check() : folder_(std::filesystem::temp_directory_path() / ("heretix-check-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(folder_);
    path_ = folder_ / "h.sqlite";
    database_ = open_harness_file(path_, {.access = Access::create});
  }
  ~Check() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Provider> scripted(const std::string& json) {
    const std::string path = folder_ / "script.json";
    std::ofstream(path) << json;
    return std::make_unique<ScriptedProvider>(load_script(path));
  }

  Record run(Provider& provider, const AskOptions& ask = {}) {
    const PromptBanks banks(HERETIX_PROMPTS);
    const SystemClock clock;
    const CheckRequest request{.claim = "Snow is white",
                               .bank = "heretix_v1",
                               .sampling = {.slots = 16, .replicates = 1, .draws = 50},
                               .ask = ask};
    RunStore runs(*database_);
    return run_check(plan_check(request, banks, provider, runs),
                     {banks, provider, runs, path_, clock, stop_, observer_});
  }

  ErrorKind kind_of_failure(Provider& provider, const AskOptions& ask = {}) {
    try {
      run(provider, ask);
    } catch (const Error& e) { return e.kind(); }
    ADD_FAILURE() << "expected an Error";
    return ErrorKind::broken;
  }

  std::int64_t count(const std::string& what) {
    return *database_->query("SELECT count(*) AS n FROM " + what)[0].integer("n");
  }

  std::filesystem::path folder_;
  std::string path_;
  std::unique_ptr<SqliteDatabase> database_;
  StopSignal stop_;
  SilentObserver observer_;
};

TEST_F(Check, IsRecomputedToTheSameRecordAndVerified) {
  const auto provider = scripted(R"({"rules": [{"paraphrase_idx": 3, "attempt": 1, "text": "hm"}]})");
  const Record made = run(*provider);
  RunStore runs(*database_);
  const Record again = load_record(runs, *runs.newest_execution(RunId{made.plan.run_id.text()}));
  EXPECT_EQ(again.estimate.low, made.estimate.low);
  EXPECT_EQ(again.seed, made.seed);
  EXPECT_EQ(answers_sha256(again.answers), answers_sha256(made.answers));
  const Verification verification = verify_run(made.plan.run_id.text(), runs, path_);
  EXPECT_TRUE(verification.passed()) << verification.differences[0];
  EXPECT_EQ(count("heretix_attempts"), 17);
}

// A newer program may have written it. Taken for another word, it would be a result that nobody measured.
TEST_F(Check, AStoredWordThatIsNotKnownIsToldWithItsPlace) {
  const auto provider = scripted("{}");
  const ExecutionId id = run(*provider).execution.execution_id;
  RunStore runs(*database_);
  const auto told_after = [&](const std::string& change, const std::string& undo) {
    database_->execute("UPDATE " + change);
    std::string told = "nothing";
    try {
      load_record(runs, runs.execution(id).value());
    } catch (const Error& e) { told = e.kind() == ErrorKind::broken ? e.what() : "another kind of error"; }
    database_->execute("UPDATE " + undo);
    return told;
  };

  EXPECT_EQ(told_after("heretix_executions SET status = 'resting'", "heretix_executions SET status = 'done'"),
            "heretix_executions.status is 'resting', which this program does not know");
  EXPECT_EQ(told_after("heretix_answers SET reason = 'shy'", "heretix_answers SET reason = NULL"),
            "heretix_answers.reason is 'shy', which this program does not know");
  EXPECT_EQ(told_after("heretix_executions SET record_json = replace(record_json, '\"derived\"', '\"dreamt\"')",
                       "heretix_executions SET record_json = replace(record_json, '\"dreamt\"', '\"derived\"')"),
            "seed_source in heretix_executions.record_json is 'dreamt', which this program does not know");
  EXPECT_EQ(told_after("heretix_executions SET config_json = replace(config_json, '\"MOCK', '\"MUCK')",
                       "heretix_executions SET config_json = replace(config_json, '\"MUCK', '\"MOCK')"),
            "the mode in heretix_executions.config_json is 'MUCK', which this program does not know");
  EXPECT_NO_THROW(load_record(runs, runs.execution(id).value()));
}

TEST_F(Check, StopsCleanlyAndKeepsWhatItHas) {
  const auto provider = scripted(R"({"concurrency": 2})");
  stop_.presses = 1;
  EXPECT_EQ(kind_of_failure(*provider), ErrorKind::stopped);
  EXPECT_EQ(count("heretix_attempts"), 0);
  stop_.presses = 0;
  EXPECT_EQ(run(*provider).answered, 16U);
}

TEST_F(Check, SendsATwiceLostQuestionAgainOnlyWhenTold) {
  const auto lost = scripted(
      R"({"model": "m", "price_micro_usd": 5, "rules": [{"paraphrase_idx": 5, "attempt": 1, "fail": "lost_reply"},
                                 {"paraphrase_idx": 5, "attempt": 2, "fail": "lost_reply"}]})");
  EXPECT_EQ(kind_of_failure(*lost), ErrorKind::in_doubt);
  EXPECT_EQ(kind_of_failure(*lost), ErrorKind::in_doubt);
  EXPECT_EQ(count("heretix_attempts"), 17);
  EXPECT_EQ(run(*lost, {.resend_unknown = true}).usable, 16U);
}

TEST_F(Check, CountsAnAttemptOfADeadProcessAsUnknown) {
  const auto provider = scripted(R"({"model": "m", "price_micro_usd": 5})");
  run(*provider);
  database_->execute("UPDATE heretix_executions SET status = 'running', owner = 'boot 1 1'");
  database_->execute("UPDATE heretix_attempts SET outcome = NULL WHERE rowid <= 2");
  database_->execute(
      "DELETE FROM samples WHERE cache_key IN (SELECT cache_key FROM heretix_attempts WHERE outcome IS NULL)");
  database_->execute(
      "DELETE FROM heretix_answers WHERE cache_key IN (SELECT cache_key FROM heretix_attempts WHERE outcome IS NULL)");
  const Record again = run(*provider);
  EXPECT_EQ(again.execution.attempts, 2U);
  EXPECT_EQ(count("heretix_attempts"), 18);
}

TEST_F(Check, GivesUpAfterItsTriesAndSaysWhatIsKept) {
  const auto away = scripted(R"({"concurrency": 1, "rules": [{"fail": "unavailable", "retry_after_ms": 1}]})");
  EXPECT_EQ(kind_of_failure(*away, {.attempts = 2}), ErrorKind::unavailable);
  EXPECT_EQ(count("heretix_executions WHERE status = 'failed'"), 1);
}

TEST_F(Check, BudgetIsNeverOvershotWhateverIsInFlight) {
  const auto provider = scripted(R"({"model": "m", "concurrency": 8, "price_micro_usd": 1000, "delay_ms": 1})");
  Budget budget({.command = Usd::from_micros(10'500), .day = {}});
  EXPECT_EQ(kind_of_failure(*provider, {.budget = &budget}), ErrorKind::stopped);
  EXPECT_EQ(count("heretix_answers"), 10);
  EXPECT_EQ(budget.committed(), Usd::from_micros(10'000));
  Budget rest({.command = Usd::from_micros(6'000), .day = {}});
  EXPECT_EQ(run(*provider, {.budget = &rest}).usable, 16U);
}

TEST_F(Check, BudgetOfADayCountsWhatOthersSpentAndWhatMayHaveBeenBilled) {
  const auto provider = scripted(R"({"model": "m", "concurrency": 1, "price_micro_usd": 1000,
                                     "rules": [{"paraphrase_idx": 5, "attempt": 1, "fail": "lost_reply"}]})");
  Budget first({.command = {}, .day = Usd::from_micros(5'000)});
  EXPECT_EQ(kind_of_failure(*provider, {.budget = &first}), ErrorKind::stopped);
  EXPECT_EQ(count("heretix_attempts"), 5);
  Budget second({.command = {}, .day = Usd::from_micros(7'000)});
  EXPECT_EQ(kind_of_failure(*provider, {.budget = &second}), ErrorKind::stopped);
  EXPECT_EQ(count("heretix_attempts"), 7);
}

TEST_F(Check, RetriesAreAFifthOfFirstAttemptsAndTenAtTheStart) {
  const auto away = scripted(R"({"concurrency": 4, "rules": [{"fail": "unavailable", "retry_after_ms": 1}]})");
  EXPECT_EQ(kind_of_failure(*away), ErrorKind::unavailable);
  EXPECT_EQ(count("heretix_attempts"), 16 + 10 + 3);
  const auto again = scripted(R"({"concurrency": 1, "rules": [{"fail": "unavailable", "retry_after_ms": 1}]})");
  EXPECT_EQ(kind_of_failure(*again, {.attempts = 1}), ErrorKind::unavailable);
  EXPECT_EQ(count("heretix_attempts"), 29 + 16);
}

TEST(Journal, IsARollbackJournalWhereTheLogCanCorrupt) {
  EXPECT_FALSE(wal_is_safe(3040001));
  EXPECT_FALSE(wal_is_safe(3007000));
  EXPECT_FALSE(wal_is_safe(3051002));
  EXPECT_TRUE(wal_is_safe(3051003));
  EXPECT_TRUE(wal_is_safe(3044006));
  EXPECT_TRUE(wal_is_safe(3050007));
}

}  // namespace
}  // namespace heretix
