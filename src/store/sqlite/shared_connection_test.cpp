#include "store/shared_connection.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "base/file.hpp"
#include "store/sqlite/sqlite_database.hpp"

namespace heretix {
namespace {

constexpr int kThreads = 16;
constexpr int kRowsEach = 20;

// Counts commits, and fails them where it is told to.
class Watched final : public Database {
 public:
  explicit Watched(Database& inner) : inner_(inner) {}
  std::int64_t execute(std::string_view sql, const Bindings& bindings) override {
    return inner_.execute(sql, bindings);
  }
  void begin() override { inner_.begin(); }
  void commit() override {
    if (fails_) throw Error(ErrorKind::unavailable, "the disk is full");
    ++commits_;
    inner_.commit();
  }
  void rollback() noexcept override { inner_.rollback(); }
  bool has_table(std::string_view name) override { return inner_.has_table(name); }
  bool changed_elsewhere() override { return inner_.changed_elsewhere(); }

  int commits() const { return commits_; }
  void fail() { fails_ = true; }

 private:
  std::vector<Row> rows_of(std::string_view sql, const Bindings& bindings, Effect effect) override {
    return effect == Effect::reads ? inner_.query(sql, bindings) : inner_.change(sql, bindings);
  }

  Database& inner_;
  int commits_ = 0;
  bool fails_ = false;
};

class SharedConnectionTest : public ::testing::Test {
 protected:
  SharedConnectionTest() { file_.execute("CREATE TABLE t (n INTEGER PRIMARY KEY)"); }

  static void add(Database& database, int number) {
    Transaction transaction(database);
    database.execute("INSERT INTO t VALUES (:n)", {{":n", std::int64_t{number}}});
    transaction.commit();
  }
  static std::int64_t count(Database& database) {
    return database.query("SELECT count(*) AS n FROM t")[0].integer("n").value_or(-1);
  }
  static bool has(Database& database, int number) {
    return !database.query("SELECT n FROM t WHERE n = :n", {{":n", std::int64_t{number}}}).empty();
  }

  TemporaryFolder folder_;
  SqliteDatabase file_{folder_.path() + "/t.sqlite", {.access = Access::create}};
  SqliteDatabase other_{folder_.path() + "/t.sqlite", {}};
  Watched watched_{file_};
  Baton baton_;
  SharedStores stores_{baton_};
};

TEST_F(SharedConnectionTest, ManyThreadsShareCommitsAndEachFindsItsRowsOnDiskWhenItHasWaited) {
  std::mutex of_other;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      const HoldsBaton holds(baton_);
      const auto mine = stores_.for_one_check(watched_);
      for (int i = 0; i < kRowsEach; ++i) {
        add(*mine, thread * kRowsEach + i);
        stores_.wait();
        const WithoutBaton without(baton_);
        const std::scoped_lock lock(of_other);
        EXPECT_TRUE(has(other_, thread * kRowsEach + i));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(count(other_), kThreads * kRowsEach);
  EXPECT_LT(watched_.commits(), kThreads * kRowsEach / 2);
}

TEST_F(SharedConnectionTest, APartThatThrowsIsUndoneAloneAndNothingStaysOpen) {
  const HoldsBaton holds(baton_);
  const auto one = stores_.for_one_check(watched_), two = stores_.for_one_check(watched_);
  const auto fail = [](Database& database) {
    Transaction transaction(database);
    database.execute("INSERT INTO t VALUES (2)");
    throw std::runtime_error("no");
  };
  add(*one, 1);
  EXPECT_THROW(fail(*two), std::runtime_error);
  add(*two, 3);
  EXPECT_EQ(watched_.commits(), 0) << "they are committed together";
  stores_.wait();
  EXPECT_EQ(watched_.commits(), 1);
  EXPECT_TRUE(has(other_, 1));
  EXPECT_FALSE(has(other_, 2));
  EXPECT_TRUE(has(other_, 3));

  EXPECT_THROW(fail(*one), std::runtime_error);
  EXPECT_NO_THROW(other_.execute("INSERT INTO t VALUES (4)")) << "the file is free";
}

TEST_F(SharedConnectionTest, ACommitThatFailsFailsEveryoneInItsGroup) {
  const HoldsBaton holds(baton_);
  const auto one = stores_.for_one_check(watched_), two = stores_.for_one_check(watched_);
  watched_.fail();
  add(*one, 1);
  add(*two, 2);
  EXPECT_THROW(stores_.wait(), Error);
  EXPECT_EQ(count(other_), 0);
  EXPECT_NO_THROW(stores_.wait()) << "the next group is another one";
  EXPECT_NO_THROW(other_.execute("INSERT INTO t VALUES (4)")) << "nothing stays open";
}

TEST_F(SharedConnectionTest, WhatNobodyWaitsForIsCommittedAllTheSame) {
  {
    const HoldsBaton holds(baton_);
    add(*stores_.for_one_check(watched_), 1);
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!has(other_, 1) && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(has(other_, 1));
}

TEST_F(SharedConnectionTest, ThatWhatNobodyWaitedForIsLostIsToldToTheNextWhoWaits) {
  {
    const HoldsBaton holds(baton_);
    watched_.fail();
    add(*stores_.for_one_check(watched_), 1);
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  bool is_told = false;
  while (!is_told && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));  // longer than a group stays open
    const HoldsBaton holds(baton_);
    try {
      stores_.wait();
    } catch (const Error&) { is_told = true; }
  }
  EXPECT_TRUE(is_told);
}

TEST_F(SharedConnectionTest, EachSeesThatAnotherConnectionWroteAndNoneTakesTheOthersForOne) {
  const HoldsBaton holds(baton_);
  const auto one = stores_.for_one_check(watched_), two = stores_.for_one_check(watched_);
  one->changed_elsewhere();
  two->changed_elsewhere();
  other_.execute("INSERT INTO t VALUES (1)");
  EXPECT_TRUE(one->changed_elsewhere());
  EXPECT_TRUE(two->changed_elsewhere());
  EXPECT_FALSE(one->changed_elsewhere());

  add(*one, 2);
  EXPECT_FALSE(two->changed_elsewhere()) << "they share a connection";
}

}  // namespace
}  // namespace heretix
