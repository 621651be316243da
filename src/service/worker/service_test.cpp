#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.hpp"
#include "base/mail_address.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "service/account/magic_links.hpp"
#include "service/account/rates.hpp"
#include "service/account/sessions.hpp"
#include "service/checks/check_job.hpp"
#include "service/queue/queue.hpp"
#include "service/usage/ledger.hpp"
#include "store/sqlite/app_file.hpp"

namespace heretix {
namespace {

TEST(Plans, CountByCalendarMonthInUtc) {
  const ServicePlan& starter = service_plan(PlanName::starter);
  EXPECT_EQ(period_of(starter, "2026-11-23 08:00:00").first_day, "2026-11-01");
  EXPECT_EQ(period_of(starter, "2026-11-23 08:00:00").last_day, "2026-11-30");
  EXPECT_EQ(period_of(starter, "2028-02-29 23:59:59").last_day, "2028-02-29");
  EXPECT_EQ(period_of(starter, "2026-12-31 23:59:59").last_day, "2026-12-31");
  EXPECT_EQ(period_of(service_plan(PlanName::trial), "2026-11-23").last_day, "9999-12-31");
  EXPECT_EQ(find_service_plan("who knows"), nullptr);
}

TEST(Backoff, IsTheFourthPowerUpToAQuarterOfAnHour) {
  EXPECT_EQ(backoff(1).count(), 1);
  EXPECT_EQ(backoff(3).count(), 81);
  EXPECT_EQ(backoff(5).count(), 625);
  EXPECT_EQ(backoff(6).count(), 900);
  EXPECT_EQ(backoff(1000000).count(), 900);
}

TEST(MailAddress, HasOneSpellingForOneMailbox) {
  EXPECT_EQ(canonical_mail_address(" Ada@Example.ORG\t"), "ada@example.org");
  for (const char* bad : {"", " ", "a", "a@", "@b", "a@b@c", "a b@c", "a@b\r\nBcc: c@d", "<a@b>", "-a@b"})
    EXPECT_THROW(canonical_mail_address(bad), Error) << bad;
}

TEST(Random, MakesIdentifiers) {
  EXPECT_EQ(to_base64url(std::string("\xFB\xFF\xFE", 3)), "-__-");
  EXPECT_EQ(to_base64url("ab"), "YWI");
  const std::string id = new_uuid();
  EXPECT_EQ(id.size(), 36U);
  EXPECT_EQ(id[14], '4');
  EXPECT_NE(new_uuid(), id);
}

class App : public ::testing::Test {
 protected:
  App()
      : folder_(std::filesystem::temp_directory_path() / ("heretix-app-" + std::to_string(::getpid()))),
        secret_(Secret::parse(std::string(64, 'a'))) {
    std::filesystem::remove_all(folder_);
    database_ = open_app_file(folder_ / "app.sqlite");
  }
  ~App() override { std::filesystem::remove_all(folder_); }

  void in(const std::function<void()>& body) {
    in_transaction(*database_, body, {.isolation = Isolation::beside_others});
  }

  std::filesystem::path folder_;
  Secret secret_;
  std::unique_ptr<SqliteDatabase> database_;
};

TEST_F(App, OpensAgainAndRefusesWhatItDoesNotKnow) {
  EXPECT_TRUE(open_app_file(folder_ / "app.sqlite")->has_table("jobs"));
  database_->execute("UPDATE alembic_version SET version_num = 'ffffffffffff'");
  EXPECT_THROW(open_app_file(folder_ / "app.sqlite"), Error);
  SqliteDatabase other(folder_ / "other.sqlite", {.access = Access::create});
  other.execute("CREATE TABLE t (x)");
  EXPECT_THROW(open_app_file(folder_ / "other.sqlite"), Error);
}

TEST_F(App, TakesNoStoredWordForAnother) {
  const User user = Users(*database_).find_or_create("ada@example.org");
  database_->execute("UPDATE users SET plan = 'who knows'");
  try {
    Users(*database_).find(user.id);
    FAIL() << "the plan is unknown";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::broken);
    EXPECT_STREQ(e.what(), "users.plan is 'who knows', which this program does not know");
  }
}

TEST_F(App, ChargesUpToTheLimitAndGivesBackOnce) {
  const User user = Users(*database_).find_or_create("ada@example.org");
  Ledger ledger(*database_);
  std::optional<std::string> row;
  in([&] {
    for (int i = 0; i < 3; ++i) row = ledger.charge(user);
  });
  ASSERT_TRUE(row);
  in([&] { EXPECT_FALSE(ledger.charge(user)); });
  in([&] { ledger.give_back(*row); });
  EXPECT_EQ(ledger.usage_of(user).used, 2);
  in([&] { EXPECT_TRUE(ledger.reserve_spending("x", Usd::from_micros(60), Usd::from_micros(100))); });
  in([&] { EXPECT_FALSE(ledger.reserve_spending("x", Usd::from_micros(41), Usd::from_micros(100))); });
  in([&] { EXPECT_TRUE(ledger.reserve_spending("x", Usd::from_micros(40), Usd::from_micros(100))); });
}

TEST_F(App, CountsUpToTheLimitWithinAWindowThatBeginsWithTheFirst) {
  const auto count = [&](const std::string& subject) {
    const Query query = count_in_window("s", subject, {3, std::chrono::hours(1)});
    return was_counted(database_->change(query.sql, query.bindings));
  };
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(count("a")) << i;
  EXPECT_FALSE(count("a"));
  EXPECT_TRUE(count("b")) << "each subject has a window of its own";
  database_->execute("UPDATE rate_counts SET started_at = later(-3590) WHERE subject = 'a'");
  EXPECT_FALSE(count("a"));
  database_->execute("UPDATE rate_counts SET started_at = later(-3601) WHERE subject = 'a'");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(count("a")) << i;
  EXPECT_FALSE(count("a"));
}

PromptBank play_bank(const std::string& first = "Is it so?") {
  return {.version = "b",
          .system = "s",
          .schema = "{}",
          .user_template = "{PARAPHRASE}",
          .paraphrases = {first + " <claim>{CLAIM}</claim>", "And so? <claim>{CLAIM}</claim>"},
          .source = "test"};
}

Plan play_plan(const PromptBank& bank, const char* model = "play") {
  Recipe recipe{.claim = parse_claim("a"), .model = ModelName(model), .mode = Mode::mock(), .sampling = {}};
  recipe.mode.with("readout", "frequency").with("samples", "7");
  return make_plan(recipe, bank);
}

TEST(CheckJob, HandsTheRecipeOfThePlanToTheWorker) {
  const PromptBank bank = play_bank();
  const CheckJob sent{.model = "as asked", .request = {.claim = "a", .bank = "b", .sampling = {}, .seed = 7}};
  const CheckJob job = check_job_from(to_json_text(sent, play_plan(bank), content_sha256(bank)));
  EXPECT_EQ(job.request.readout, Readout::frequency);
  EXPECT_EQ(job.request.samples, 7);
  EXPECT_EQ(job.request.seed, 7U);

  const auto planned = [&](const char* model, const PromptBank& with) {
    return PlannedCheck{.request = job.request, .bank = with, .plan = play_plan(with, model), .execution_id = {}};
  };
  EXPECT_NO_THROW(require_as_accepted(job, planned("play", bank)));
  EXPECT_THROW(require_as_accepted(job, planned("another", bank)), Error) << "it was accepted for the model play";
  EXPECT_THROW(require_as_accepted(job, planned("play", play_bank("Is it true?"))), Error) << "other wordings";
}

TEST(CheckJob, OfAnEarlierBuildIsStillRead) {
  const CheckJob job = check_job_from(
      R"({"model":"local","claim":"a","bank":"b","K":16,"R":1,"B":5000,"readout":"verbalized","samples":20,"fresh":false,)"
      R"("ladder":{"rungs":[8,12,16],"target":0.2},"result_key":"","most_micro_usd":0})");
  EXPECT_FALSE(job.accepted);
  EXPECT_EQ(job.request.sampling.ladder->rule, LadderRule::honest_v1);
}

TEST(CheckJob, RefusesNumbersThatWouldBeReadAsOthers) {
  const PromptBank bank = play_bank();
  const std::string text = to_json_text({.model = "play", .request = {.claim = "a", .bank = "b", .sampling = {}}},
                                        play_plan(bank), content_sha256(bank));
  EXPECT_EQ(check_job_from(text).request.sampling.slots, 8);
  for (const char* bad : {"4294967304", "0", "-8", "4097", "8.5", "18446744073709551615", "\"8\""})
    EXPECT_THROW(check_job_from(replaced(text, {"\"K\":8", std::string("\"K\":") + bad})), Error) << bad;
}

TEST_F(App, RunsAJobOnceUnderALease) {
  Queue queue(*database_);
  in([&] {
    EXPECT_TRUE(queue.enqueue({.kind = "k", .unique_key = "a", .payload = "{}"}));
    EXPECT_FALSE(queue.enqueue({.kind = "k", .unique_key = "a", .payload = "{}"}));
  });
  EXPECT_FALSE(queue.claim({"other"}, LeaseToken("t0")));
  const auto job = queue.claim({"other", "k"}, LeaseToken("t1"));
  ASSERT_TRUE(job);
  EXPECT_EQ(job->attempt, 1);
  EXPECT_FALSE(queue.claim({"k"}, LeaseToken("t2")));
  EXPECT_FALSE(queue.finish(LeaseToken("t2")));
  EXPECT_TRUE(queue.renew(LeaseToken("t1")));
  database_->execute("UPDATE jobs SET lease_until = later(-1)");
  const auto taken = queue.claim({"k"}, LeaseToken("t2"));
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->attempt, 2);
  EXPECT_FALSE(queue.renew(LeaseToken("t1"))) << "its lease is lost";
  EXPECT_EQ(queue.fail(LeaseToken("t2"), "away", false, 3), Queue::Failed::again);
  EXPECT_FALSE(queue.claim({"k"}, LeaseToken("t3"))) << "16 s are not over";
  database_->execute("UPDATE jobs SET run_at = later(-1)");
  ASSERT_TRUE(queue.claim({"k"}, LeaseToken("t3")));
  EXPECT_EQ(queue.fail(LeaseToken("t3"), "away", false, 3), Queue::Failed::dead);
  EXPECT_TRUE(queue.retry(job->id));
}

TEST_F(App, CountsEventsInASlidingWindow) {
  const std::vector<RateLimit> limits = {{2, std::chrono::seconds(100)}};
  in([&] {
    EXPECT_TRUE(count_event(*database_, "s", "a", limits));
    EXPECT_TRUE(count_event(*database_, "s", "a", limits));
    EXPECT_FALSE(count_event(*database_, "s", "a", limits));
    EXPECT_TRUE(count_event(*database_, "s", "b", limits));
  });
  database_->execute("UPDATE rate_events SET happened_at = later(-101)");
  in([&] { EXPECT_TRUE(count_event(*database_, "s", "a", limits)); });
}

TEST_F(App, ASessionEndsByIdlenessAndByAge) {
  const User user = Users(*database_).find_or_create("ada@example.org");
  Sessions sessions(*database_, secret_);
  const std::string cookie = sessions.begin(user.id, "agent");
  const auto found_by = [&](Sessions& asked) {
    const auto query = asked.query_for(cookie);
    return query ? asked.found(database_->query(query->sql, query->bindings)) : std::nullopt;
  };
  EXPECT_EQ(found_by(sessions)->user.email, "ada@example.org");
  const Secret another = Secret::parse(std::string(64, 'b'));
  Sessions elsewhere(*database_, another);
  EXPECT_FALSE(found_by(elsewhere)) << "another service's secret";
  database_->execute("UPDATE sessions SET last_seen_at = later(-604801)");
  EXPECT_FALSE(found_by(sessions));
  database_->execute("UPDATE sessions SET last_seen_at = now(), expires_at = later(-1)");
  EXPECT_FALSE(found_by(sessions));
}

TEST_F(App, ALinkHoldsForTenMinutes) {
  MagicLinks links(*database_, secret_);
  const std::string link = links.make("ada@example.org");
  EXPECT_EQ(links.address_of(link), "ada@example.org");
  database_->execute("UPDATE email_tokens SET expires_at = later(-1)");
  EXPECT_FALSE(links.address_of(link));
  EXPECT_FALSE(links.consume(link, {}));
}

LinkAsker asker_of(const std::string& network) {
  return {.client = network + "7/32", .network = network + "0/24", .site = network + "0/24"};
}

TEST_F(App, AnAddressHasLinksFromWhereNobodyFloodsIt) {
  MagicLinks links(*database_, secret_);
  const auto mails = [&] {
    return database_->query("SELECT count(*) AS n FROM jobs WHERE kind = 'mail.link'")[0].integer("n").value_or(0);
  };
  const auto gets_mail = [&](const std::string& network) {
    const std::int64_t before = mails();
    links.request("ada@example.org", asker_of(network), "");
    return mails() > before;
  };

  // One network floods: it has its three, and others have theirs.
  for (int i = 0; i < 9; ++i) EXPECT_EQ(gets_mail("192.0.2."), i < 3) << i;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(gets_mail("198.51.100."), i < 3) << i;

  // Thirty networks flood: twenty mails a day in all, then one an hour for each that comes new.
  for (int i = 0; i < 30; ++i) {
    for (int j = 0; j < 4; ++j) gets_mail("10.0." + std::to_string(i) + ".");
  }
  EXPECT_EQ(mails(), 20 + 30 - 4) << "the first four networks and a half took what the first two had left";
  EXPECT_TRUE(gets_mail("203.0.113."));
  EXPECT_FALSE(gets_mail("203.0.113.")) << "within the hour";

  // A network that the owner signed in from is none of the strangers.
  const std::string link = links.make("ada@example.org");
  ASSERT_TRUE(links.consume(link, asker_of("203.0.113.")));
  database_->execute("DELETE FROM rate_events WHERE scope IN ('link.client', 'link.clients-network')");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(gets_mail("203.0.113.")) << i;

  links.forget("ada@example.org");
  const auto left = database_->query("SELECT count(*) AS n FROM rate_events WHERE scope <> 'link.network'");
  EXPECT_EQ(left[0].integer("n"), 0);
}

}  // namespace
}  // namespace heretix
