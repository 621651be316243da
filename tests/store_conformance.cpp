// What every adapter of the store's port promises, run on SQLite, on Postgres direct (TLS, SCRAM, channel binding) and
// through a transaction pooler. HERETIX_TEST_ADDRESS names a file with a Postgres address; without it: SQLite.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cfloat>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include "base/error.hpp"
#include "store/postgres/postgres_database.hpp"
#include "store/sqlite/sqlite_database.hpp"

namespace heretix {
namespace {

std::string postgres_address() {
  const char* file = std::getenv("HERETIX_TEST_ADDRESS");
  if (file == nullptr) return {};
  std::ifstream in(file);
  std::string address;
  std::getline(in, address);
  if (address.empty()) throw std::runtime_error(std::string("no address in ") + file);
  return address;
}

class Conformance : public ::testing::Test {
 protected:
  Conformance()
      : address_(postgres_address()),
        folder_(std::filesystem::temp_directory_path() / ("heretix-store-" + std::to_string(::getpid()))),
        table_("t" + std::to_string(::getpid()) + "_" + std::to_string(counter_++)) {
    std::filesystem::create_directories(folder_);
    database_ = open();
    database_->execute("CREATE TABLE " + table_ +
                       " (k TEXT PRIMARY KEY, i BIGINT, r DOUBLE PRECISION, t TEXT, b BYTEA, f BOOLEAN)");
  }
  ~Conformance() override {
    database_->execute("DROP TABLE " + table_);
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<Database> open() const {
    if (!is_postgres())
      return std::make_unique<SqliteDatabase>(folder_ / "s.sqlite", SqliteOptions{.access = Access::create});
    return std::make_unique<PostgresDatabase>(parse_postgres_address(address_, "test"));
  }
  bool is_postgres() const { return !address_.empty(); }

  void put(Database& database, const std::string& key, std::int64_t value) {
    database.execute("INSERT INTO " + table_ + " (k, i) VALUES (:k, :i)", {{":k", key}, {":i", value}});
  }
  std::int64_t value_of(Database& database, const std::string& key) {
    const auto rows = database.query("SELECT i FROM " + table_ + " WHERE k = :k", {{":k", key}});
    return rows.empty() ? -1 : rows[0].integer("i").value_or(-1);
  }
  void set(Database& database, const std::string& key, std::int64_t value) {
    database.execute("UPDATE " + table_ + " SET i = :i WHERE k = :k", {{":k", key}, {":i", value}});
  }
  std::int64_t count() { return *database_->query("SELECT count(*) AS n FROM " + table_)[0].integer("n"); }

  template <class Act>
  ErrorKind kind_of_failure(const Act& act) {
    try {
      act();
    } catch (const Error& e) { return e.kind(); }
    ADD_FAILURE() << "expected an Error";
    return ErrorKind::broken;
  }

  static inline int counter_ = 0;
  std::string address_;
  std::filesystem::path folder_;
  std::string table_;
  std::unique_ptr<Database> database_;
};

TEST_F(Conformance, KeepsEveryValueToTheLastBit) {
  const std::vector<std::int64_t> integers = {0, -1, std::numeric_limits<std::int64_t>::max(),
                                              std::numeric_limits<std::int64_t>::min()};
  const std::vector<double> reals = {0.1, -1e-9, DBL_MIN, 5e-324, DBL_MAX, 1.0 / 3.0, 0.30000000000000004};
  const std::vector<std::string> texts = {"", "Łódź ☃ 🂡", "'; DROP TABLE x; --", ":k $1 ? %s", "a\nb\tc\\", "'' \"\""};
  for (std::size_t n = 0; n < 7; ++n) {
    const std::string key = "k" + std::to_string(n);
    const std::int64_t i = integers[n % integers.size()];
    const double r = reals[n];
    const std::string& t = texts[n % texts.size()];
    database_->execute("INSERT INTO " + table_ + " (k, i, r, t) VALUES (:k, :i, :r, :t)",
                       {{":k", key}, {":i", i}, {":r", r}, {":t", t}});
    const Row row = database_->query("SELECT * FROM " + table_ + " WHERE k = :k", {{":k", key}})[0];
    EXPECT_EQ(row.integer("i"), i);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(*row.real("r")), std::bit_cast<std::uint64_t>(r)) << r;
    EXPECT_EQ(row.text("t"), t);
    EXPECT_TRUE(std::holds_alternative<std::monostate>(row.value("b")));
  }
}

TEST_F(Conformance, KeepsBytesThatAreNoText) {
  std::string bytes;
  for (int c = 1; c < 256; ++c) bytes += static_cast<char>(c);
  database_->execute("INSERT INTO " + table_ + " (k, b) VALUES ('x', :b)", {{":b", bytes, true}});
  EXPECT_EQ(database_->query("SELECT b FROM " + table_)[0].text("b"), bytes);
}

TEST_F(Conformance, TellsNullFromEmpty) {
  database_->execute("INSERT INTO " + table_ + " (k, i, r, t) VALUES ('x', :i, :r, :t)",
                     {{":i", Value{}}, {":r", Value{}}, {":t", std::string{}}});
  const Row row = database_->query("SELECT * FROM " + table_)[0];
  EXPECT_FALSE(row.integer("i"));
  EXPECT_FALSE(row.real("r"));
  EXPECT_EQ(row.text("t"), "");
}

TEST_F(Conformance, ReadsTruthAsZeroAndOne) {
  database_->execute("INSERT INTO " + table_ + " (k, f) VALUES ('yes', :f)", {{":f", std::int64_t{1}}});
  EXPECT_EQ(database_->query("SELECT f FROM " + table_)[0].integer("f"), 1);
}

TEST_F(Conformance, BindsOneNameInManyPlaces) {
  put(*database_, "a", 1);
  const auto rows = database_->query(
      "SELECT k, ':k' AS quoted FROM " + table_ + " WHERE k = :k AND substr(k, 1, length(:k)) = :k -- :not_a_name",
      {{":k", std::string("a")}});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].text("quoted"), ":k");
}

TEST_F(Conformance, CountsTheRowsThatChanged) {
  put(*database_, "a", 1);
  put(*database_, "b", 1);
  EXPECT_EQ(database_->execute("UPDATE " + table_ + " SET i = 2 WHERE i = 1"), 2);
  EXPECT_EQ(database_->execute("DELETE FROM " + table_ + " WHERE i = 7"), 0);
  EXPECT_EQ(database_->execute("INSERT INTO " + table_ + " (k) VALUES ('a') ON CONFLICT DO NOTHING"), 0);
}

TEST_F(Conformance, KeepsACommittedTransactionAndNoOther) {
  {
    Transaction kept(*database_);
    put(*database_, "kept", 1);
    kept.commit();
  }
  {
    Transaction dropped(*database_);
    put(*database_, "dropped", 1);
    EXPECT_EQ(value_of(*database_, "dropped"), 1) << "its own writes are read";
  }
  EXPECT_EQ(value_of(*open(), "kept"), 1);
  EXPECT_EQ(value_of(*open(), "dropped"), -1);
}

TEST_F(Conformance, ATakenKeyIsAConflictAndLeavesTheConnectionUsable) {
  put(*database_, "a", 1);
  EXPECT_EQ(kind_of_failure([&] { put(*database_, "a", 2); }), ErrorKind::conflict);
  EXPECT_EQ(value_of(*database_, "a"), 1);
  Transaction transaction(*database_);
  EXPECT_EQ(kind_of_failure([&] { put(*database_, "a", 2); }), ErrorKind::conflict);
}

TEST_F(Conformance, WhatFailsInATransactionIsGoneWhole) {
  EXPECT_ANY_THROW({
    Transaction transaction(*database_);
    put(*database_, "a", 1);
    put(*database_, "a", 2);
    transaction.commit();
  });
  EXPECT_EQ(count(), 0);
  put(*database_, "b", 1);
  EXPECT_EQ(count(), 1);
}

TEST_F(Conformance, SqlThatDoesNotFitIsBroken) {
  EXPECT_EQ(kind_of_failure([&] { database_->query("SELECT nothing FROM " + table_); }), ErrorKind::broken);
  EXPECT_EQ(kind_of_failure([&] { database_->execute("SELEC 1"); }), ErrorKind::broken);
  EXPECT_EQ(count(), 0);
}

TEST_F(Conformance, KnowsItsTables) {
  EXPECT_TRUE(database_->has_table(table_));
  EXPECT_FALSE(database_->has_table("nothing_of_the_kind"));
}

TEST_F(Conformance, NoIncrementOfTwoWritersIsLost) {
  constexpr int kEach = 40;
  put(*database_, "counter", 0);
  const auto work = [&] {
    const auto mine = open();
    for (int i = 0; i < kEach; ++i) {
      in_transaction(*mine, [&] { set(*mine, "counter", value_of(*mine, "counter") + 1); }, {.tries = 200});
    }
  };
  std::thread other(work);
  work();
  other.join();
  EXPECT_EQ(value_of(*database_, "counter"), 2 * kEach);
}

// Two transactions that each read what the other writes: one of them has to be done again.
TEST_F(Conformance, TwoThatReadEachOthersRowDoNotBothWin) {
  put(*database_, "a", 0);
  put(*database_, "b", 0);
  const auto work = [&](const std::string& reads, const std::string& writes) {
    const auto mine = open();
    in_transaction(*mine,
                   [&] {
                     if (value_of(*mine, reads) == 0) set(*mine, writes, 1);
                   },
                   {.tries = 200});
  };
  std::thread other(work, "b", "a");
  work("a", "b");
  other.join();
  EXPECT_EQ(value_of(*database_, "a") + value_of(*database_, "b"), 1);
}

TEST_F(Conformance, LockedInOppositeOrderBothComeThrough) {
  put(*database_, "a", 0);
  put(*database_, "b", 0);
  const auto work = [&](const std::string& first, const std::string& second) {
    const auto mine = open();
    for (int i = 0; i < 10; ++i) {
      in_transaction(*mine,
                     [&] {
                       set(*mine, first, value_of(*mine, first) + 1);
                       set(*mine, second, value_of(*mine, second) + 1);
                     },
                     {.tries = 200});
    }
  };
  std::thread other(work, "b", "a");
  work("a", "b");
  other.join();
  EXPECT_EQ(value_of(*database_, "a"), 20);
  EXPECT_EQ(value_of(*database_, "b"), 20);
}

TEST_F(Conformance, AnErrorOfTheBodyEndsItWithoutAnotherTry) {
  int tries = 0;
  EXPECT_EQ(kind_of_failure([&] {
              in_transaction(*database_, [&] {
                ++tries;
                put(*database_, "a", 1);
                throw Error(ErrorKind::bad_input, "no");
              });
            }),
            ErrorKind::bad_input);
  EXPECT_EQ(tries, 1);
  EXPECT_EQ(count(), 0);
}

TEST_F(Conformance, KnowsItsOwnTimeInUtcWithMicroseconds) {
  const auto row =
      database_->query("SELECT now() AS at_once, later(90) AS later, later(:ago) AS earlier", {{":ago", -0.5}})[0];
  const std::string now = row.text_or_empty("at_once");
  EXPECT_EQ(now.size(), std::string("2026-11-23 08:00:00.000000").size());
  const auto said = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() - std::chrono::minutes(1));
  std::tm utc{};
  gmtime_r(&said, &utc);
  std::array<char, 32> minute_ago{};
  std::strftime(minute_ago.data(), minute_ago.size(), "%Y-%m-%d %H:%M:%S", &utc);
  EXPECT_GT(now, std::string(minute_ago.data())) << "the server's clock is this machine's";
  EXPECT_GT(row.text_or_empty("later"), now);
  EXPECT_LT(row.text_or_empty("earlier"), now);
}

TEST_F(Conformance, TransactionsBesideOthersAreNeverLostAndLoseNothing) {
  put(*database_, "k", 0);
  const auto count_up = [&] {
    const auto own = open();
    for (int i = 0; i < 25; ++i) {
      Transaction transaction(*own, Isolation::beside_others);
      own->execute("UPDATE " + table_ + " SET i = i + 1 WHERE k = 'k'");
      transaction.commit();
    }
  };
  std::thread other(count_up);
  count_up();
  other.join();
  EXPECT_EQ(value_of(*database_, "k"), 50);
}

TEST_F(Conformance, ANameIsHeldByOneTransactionAtATime) {
  put(*database_, "k", 0);
  const auto count_up = [&] {
    const auto own = open();
    for (int i = 0; i < 25; ++i) {
      Transaction transaction(*own, Isolation::beside_others);
      own->lock("the counter");
      set(*own, "k", value_of(*own, "k") + 1);  // a read and a write: only the lock keeps others out
      transaction.commit();
    }
  };
  std::thread other(count_up);
  count_up();
  other.join();
  EXPECT_EQ(value_of(*database_, "k"), 50);
}

TEST_F(Conformance, RowLocksMayEndASelect) {
  put(*database_, "k", 7);
  Transaction transaction(*database_, Isolation::beside_others);
  EXPECT_EQ(database_->query("SELECT i FROM " + table_ + " WHERE k = 'k' FOR UPDATE SKIP LOCKED")[0].integer("i"), 7);
  transaction.commit();
}

TEST_F(Conformance, SeveralQueriesAreAnsweredEachInItsPlace) {
  put(*database_, "a", 1);
  put(*database_, "b", 2);
  const Query one{"SELECT i FROM " + table_ + " WHERE k = :k", {{":k", std::string("a")}}};
  const Query none{"SELECT i FROM " + table_ + " WHERE k = :k", {{":k", std::string("z")}}};
  const Query all{"SELECT i FROM " + table_ + " ORDER BY i DESC", {}};
  for (int i = 0; i < 6; ++i) {  // prepared on the way, where they can be
    const auto found = database_->query_all({one, none, all});
    ASSERT_EQ(found.size(), 3U);
    ASSERT_EQ(found[0].size(), 1U);
    EXPECT_EQ(found[0][0].integer("i"), 1);
    EXPECT_TRUE(found[1].empty());
    ASSERT_EQ(found[2].size(), 2U);
    EXPECT_EQ(found[2][0].integer("i"), 2);
    EXPECT_EQ(value_of(*database_, "b"), 2) << "the connection is as before";
  }
  EXPECT_TRUE(database_->query_all({}).empty());
  Transaction transaction(*database_);
  set(*database_, "a", 7);
  EXPECT_EQ(database_->query_all({one, all})[0][0].integer("i"), 7) << "within a transaction its own writes";
}

TEST_F(Conformance, SeveralWritesOfATransactionAreDoneTogetherOrNotAtAll) {
  const std::string insert = "INSERT INTO " + table_ + " (k, i) VALUES (:k, :i) RETURNING i";
  const auto adding = [&](const char* key, std::int64_t i) {
    return Query{insert, {{":k", std::string(key)}, {":i", i}}, Effect::changes};
  };
  for (int i = 0; i < 5; ++i) {  // prepared on the way, where they can be
    const std::string a = "a" + std::to_string(i), b = "b" + std::to_string(i);
    in_transaction(*database_,
                   [&] {
                     const auto done = database_->query_all({adding(a.c_str(), i), adding(b.c_str(), i + 10)});
                     EXPECT_EQ(done[1][0].integer("i"), i + 10);
                   },
                   {.isolation = Isolation::beside_others});
    EXPECT_EQ(value_of(*open(), b), i + 10);
    const auto twice = [&] { database_->query_all({adding("new", 1), adding(a.c_str(), 2), adding("newer", 3)}); };
    EXPECT_EQ(kind_of_failure([&] { in_transaction(*database_, twice, {.isolation = Isolation::beside_others}); }),
              ErrorKind::conflict)
        << "the failure of the one that failed, not of those behind it";
    EXPECT_TRUE(database_->query("SELECT i FROM " + table_ + " WHERE k LIKE 'new%'").empty());
  }
}

TEST_F(Conformance, OneOfSeveralQueriesThatFailsFailsAllAndLeavesTheConnectionUsable) {
  put(*database_, "a", 1);
  const Query good{"SELECT i FROM " + table_, {}};
  const Query bad{"SELECT nothing_of_that_name FROM " + table_, {}};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(kind_of_failure([&] { database_->query_all({good, bad, good}); }), ErrorKind::broken);
    EXPECT_EQ(value_of(*database_, "a"), 1);
  }
  Transaction transaction(*database_);
  try {
    database_->query_all({good, bad});
    ADD_FAILURE() << "expected an Error";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("nothing_of_that_name"), std::string::npos) << e.what();
  }
}

class PostgresOnly : public Conformance {
 protected:
  std::unique_ptr<PostgresDatabase> connect(PostgresOptions options = {}) const {
    return std::make_unique<PostgresDatabase>(parse_postgres_address(address_, "test"), std::move(options));
  }
  std::int64_t server_pid(Database& database) {
    return *database.query("SELECT pg_backend_pid() AS pid")[0].integer("pid");
  }
  void end_server_process(std::int64_t pid) {
    database_->query("SELECT pg_terminate_backend(:pid::int) AS done", {{":pid", std::to_string(pid)}});
    for (int i = 0; i < 200; ++i) {
      if (database_->query("SELECT 1 AS there FROM pg_stat_activity WHERE pid = :pid", {{":pid", pid}}).empty()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
};

TEST_F(PostgresOnly, ADeadlineCancelsTheStatementAndLeavesTheConnectionUsable) {
  const auto mine = connect({.statement_deadline = std::chrono::milliseconds(150)});
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(kind_of_failure([&] { mine->query("SELECT pg_sleep(20)"); }), ErrorKind::unavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(4));
  EXPECT_EQ(mine->query("SELECT 1 AS one")[0].integer("one"), 1);
}

TEST_F(PostgresOnly, AStatementThatComesAgainSeesTheTableAsItIsNow) {
  const std::string select = "SELECT * FROM " + table_ + " WHERE k = :k";
  put(*database_, "a", 1);
  const auto other = open();
  const auto repeat = [&] {
    for (int i = 0; i < 5; ++i) ASSERT_EQ(database_->query(select, {{":k", "a"}}).size(), 1U);
  };
  repeat();
  other->execute("ALTER TABLE " + table_ + " ADD COLUMN later BIGINT");
  EXPECT_TRUE(database_->query(select, {{":k", "a"}})[0].has("later"));
  repeat();
  other->execute("ALTER TABLE " + table_ + " ADD COLUMN latest BIGINT");
  bool is_seen = false;
  in_transaction(*database_, [&] { is_seen = database_->query(select, {{":k", "a"}})[0].has("latest"); });
  EXPECT_TRUE(is_seen);
}

TEST_F(PostgresOnly, AConnectionThatEndedWhileIdleIsMadeAnew) {
  const auto mine = connect();
  end_server_process(server_pid(*mine));
  put(*mine, "a", 1);
  EXPECT_EQ(value_of(*mine, "a"), 1);
}

// Whether it ended while idle or under the queries: a server process that ends itself is the latter.
TEST_F(PostgresOnly, SeveralQueriesOutliveTheirConnection) {
  const auto mine = connect();
  const Query one{"SELECT 1 AS one", {}};
  end_server_process(server_pid(*mine));
  EXPECT_EQ(mine->query_all({one, one})[1][0].integer("one"), 1);
  const std::string sequence = table_ + "_ended";
  mine->execute_script("CREATE SEQUENCE " + sequence);
  const Query ends{"SELECT CASE WHEN nextval('" + sequence +
                       "') = 1 THEN pg_terminate_backend(pg_backend_pid()) END AS ended, pg_sleep(0.1)",
                   {}};
  EXPECT_EQ(mine->query_all({one, ends, one})[2][0].integer("one"), 1);
  EXPECT_EQ(mine->query("SELECT last_value AS n FROM " + sequence)[0].integer("n"), 2);
  mine->execute_script("DROP SEQUENCE " + sequence);
}

// A read is sent again over a new connection; a change may have been done, and is not.
TEST_F(PostgresOnly, OnlyWhatReadsIsSentAgainAfterItsConnectionBroke) {
  const auto mine = connect();
  const std::string sequence = table_ + "_sent";
  mine->execute_script("CREATE SEQUENCE " + sequence);
  const std::string ends_at = "SELECT CASE WHEN nextval('" + sequence +
                              "') = :time THEN pg_terminate_backend(pg_backend_pid()) END AS ended, pg_sleep(0.1)";
  const auto times_sent = [&] {
    return mine->query("SELECT last_value AS n FROM " + sequence)[0].integer("n").value_or(0);
  };

  EXPECT_EQ(mine->query(ends_at, {{":time", std::int64_t{1}}}).size(), 1U);
  EXPECT_EQ(times_sent(), 2);

  EXPECT_EQ(kind_of_failure([&] { mine->change(ends_at, {{":time", std::int64_t{3}}}); }), ErrorKind::in_doubt);
  EXPECT_EQ(times_sent(), 3);
  const Query change{ends_at, {{":time", std::int64_t{4}}}, Effect::changes};
  EXPECT_EQ(kind_of_failure([&] { mine->query_all({change, change}); }), ErrorKind::in_doubt);
  EXPECT_EQ(times_sent(), 4);
  mine->execute_script("DROP SEQUENCE " + sequence);
}

TEST_F(PostgresOnly, SeveralQueriesHaveOneDeadline) {
  const auto mine = connect({.statement_deadline = std::chrono::milliseconds(150)});
  const std::string sequence = table_ + "_asked";
  mine->execute_script("CREATE SEQUENCE " + sequence);
  const Query slow{"SELECT nextval('" + sequence + "'), pg_sleep(20)", {}};
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(kind_of_failure([&] { mine->query_all({slow, slow}); }), ErrorKind::unavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(4));
  EXPECT_EQ(mine->query("SELECT last_value AS n FROM " + sequence)[0].integer("n"), 1) << "not asked again one by one";
  mine->execute_script("DROP SEQUENCE " + sequence);
}

TEST_F(PostgresOnly, SeveralPreparedQueriesSeeTheTableAsItIsNow) {
  const Query select{"SELECT * FROM " + table_, {}};
  put(*database_, "a", 1);
  for (int i = 0; i < 5; ++i) ASSERT_EQ(database_->query_all({select, select})[1].size(), 1U);
  open()->execute("ALTER TABLE " + table_ + " ADD COLUMN later BIGINT");
  EXPECT_TRUE(database_->query_all({select, select})[1][0].has("later"));
}

TEST_F(PostgresOnly, ATransactionWhoseConnectionBreaksIsDoneAgainWhole) {
  const auto mine = connect();
  int tries = 0;
  in_transaction(*mine, [&] {
    put(*mine, "a", ++tries);
    if (tries == 1) end_server_process(server_pid(*mine));
    put(*mine, "b", tries);
  });
  EXPECT_EQ(tries, 2);
  EXPECT_EQ(value_of(*mine, "a"), 2);
  EXPECT_EQ(value_of(*mine, "b"), 2);
}

// A deferred trigger that ends its own server process: COMMIT is sent and never answered.
TEST_F(PostgresOnly, ACommitThatIsNeverAnsweredIsResolvedByItsKey) {
  const auto mine = connect();
  mine->execute_script("CREATE FUNCTION " + table_ +
                       "_end() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.i = 1 THEN PERFORM "
                       "pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$");
  mine->execute_script("CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON " + table_ +
                       " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION " + table_ + "_end()");
  EXPECT_EQ(kind_of_failure([&] { in_transaction(*mine, [&] { put(*mine, "a", 1); }); }), ErrorKind::in_doubt);
  int tries = 0, asked = 0;
  in_transaction(*mine, [&] { put(*mine, "a", ++tries); }, {.was_committed = [&] {
    ++asked;
    return value_of(*mine, "a") != -1;
  }});
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(tries, 2);
  EXPECT_EQ(value_of(*mine, "a"), 2);
  EXPECT_EQ(count(), 1);
  mine->execute_script("DROP TRIGGER at_commit ON " + table_ + "; DROP FUNCTION " + table_ + "_end()");
}

TEST_F(PostgresOnly, TextWithANulByteIsRefusedNotCut) {
  const std::string text("a\0b", 3);
  EXPECT_EQ(kind_of_failure([&] {
              database_->execute("INSERT INTO " + table_ + " (k, t) VALUES ('a', :t)", {{":t", text}});
            }),
            ErrorKind::bad_input);
  EXPECT_EQ(count(), 0);
}

TEST_F(PostgresOnly, AWrongPasswordIsToldWithoutItAndNotTriedAgain) {
  PostgresAddress address = parse_postgres_address(address_, "test");
  address.parameters["password"] = "a wrong secret";
  try {
    PostgresDatabase refused(address);
    ADD_FAILURE() << "it was let in";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::not_allowed) << e.what();
    EXPECT_EQ(std::string(e.what()).find("secret"), std::string::npos);
  }
}

TEST_F(PostgresOnly, AServerThatIsAwayIsTriedAFewTimesAndThenTold) {
  PostgresAddress address = parse_postgres_address(address_, "test");
  address.parameters["port"] = "1";
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(kind_of_failure([&] { PostgresDatabase away(address, {.connect_tries = 3}); }), ErrorKind::unavailable);
  const auto took = std::chrono::steady_clock::now() - started;
  EXPECT_GT(took, std::chrono::milliseconds(100)) << "no pause between tries";
  EXPECT_LT(took, std::chrono::seconds(5));
}

// Listens on loopback and never says a word.
class SilentServer {
 public:
  SilentServer() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof place;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&place), size) != 0 || ::listen(listener_, 8) != 0)
      throw std::runtime_error("no port to listen on");
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&place), &size);
    port_ = std::to_string(ntohs(place.sin_port));
  }
  ~SilentServer() { ::close(listener_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  const std::string& port() const { return port_; }

 private:
  int listener_;
  std::string port_;
};

TEST_F(PostgresOnly, ASilentHostIsPassedOverForTheNextOne) {
  const SilentServer silent;
  PostgresAddress address = parse_postgres_address(address_, "test");
  address.parameters["host"] = "localhost," + address.value("host");
  address.parameters["port"] = silent.port() + "," + address.value("port");
  address.parameters["hostaddr"] = "127.0.0.1,127.0.0.1";
  PostgresDatabase reached(address, {.connect_deadline = std::chrono::milliseconds(300)});
  EXPECT_EQ(reached.query("SELECT 1 AS one")[0].integer("one"), 1);
}

TEST_F(PostgresOnly, ConnectTimeoutOfTheAddressIsKept) {
  const SilentServer silent;
  const PostgresAddress address{{{"host", "127.0.0.1"}, {"port", silent.port()}, {"connect_timeout", "2"}}};
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(kind_of_failure([&] { PostgresDatabase away(address, {.connect_tries = 1}); }), ErrorKind::unavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(5));
}

TEST_F(PostgresOnly, AServerThatNeverAnswersMeetsTheDeadline) {
  const SilentServer silent;
  const PostgresAddress address{{{"host", "127.0.0.1"}, {"port", silent.port()}}};
  EXPECT_EQ(kind_of_failure([&] {
              PostgresDatabase away(address, {.connect_deadline = std::chrono::milliseconds(100), .connect_tries = 2});
            }),
            ErrorKind::unavailable);
}

TEST_F(PostgresOnly, ANameThatIsHeldCannotBeHadAtOnce) {
  const auto first = open();
  Transaction one(*first, Isolation::beside_others);
  EXPECT_TRUE(first->try_lock("n"));
  {
    Transaction two(*database_, Isolation::beside_others);
    EXPECT_FALSE(database_->try_lock("n"));
    EXPECT_TRUE(database_->try_lock("another"));
  }
  one.commit();
  Transaction three(*database_, Isolation::beside_others);
  EXPECT_TRUE(database_->try_lock("n"));
}

class DirectOnly : public PostgresOnly {
 protected:
  std::string name_of_a_prepared_statement(Database& database) {
    for (int i = 0; i < 3; ++i) value_of(database, "a");
    return database.query("SELECT name FROM pg_prepared_statements")[0].text_or_empty("name");
  }
  // On PGlite all clients share one session: another may have prepared something by the name that comes next.
  void take_the_next_names() {
    const std::string first = name_of_a_prepared_statement(*database_);
    const std::string prefix = first.substr(0, first.rfind('_') + 1);
    auto& connection = dynamic_cast<PostgresDatabase&>(*database_);
    for (const char* number : {"2", "3", "4"}) connection.execute_script("PREPARE " + prefix + number + " AS SELECT 1");
  }
};

// However the server writes it: in UTC or not, with all digits of the second or fewer.
TEST_F(DirectOnly, ATimeIsReadInUtcWhateverTheZoneOfTheSession) {
  for (const char* zone : {"UTC", "Asia/Kathmandu", "America/St_Johns"}) {
    database_->execute(std::string("SET TIME ZONE '") + zone + "'");
    const auto read = [&](const std::string& time) {
      return database_->query("SELECT timestamptz '" + time + "' AS t")[0].text_or_empty("t");
    };
    EXPECT_EQ(read("2026-11-23 08:00:00+00"), "2026-11-23 08:00:00.000000") << zone;
    EXPECT_EQ(read("2026-11-23 08:00:00.5+00"), "2026-11-23 08:00:00.500000") << zone;
    EXPECT_EQ(read("2026-12-31 23:59:59.000007+00"), "2026-12-31 23:59:59.000007") << zone;
    EXPECT_EQ(read("0999-01-01 00:00:00.123456+00"), "0999-01-01 00:00:00.123456") << zone;
  }
}

TEST_F(DirectOnly, AStatementThatComesAgainIsPreparedOnce) {
  for (int i = 0; i < 9; ++i) value_of(*database_, "a");
  const auto rows = database_->query("SELECT count(*) AS n FROM pg_prepared_statements WHERE statement LIKE :like",
                                     {{":like", "%" + table_ + "%"}});
  EXPECT_EQ(rows[0].integer("n"), 1);
}

TEST_F(DirectOnly, ANameThatIsTakenIsNoErrorOfAStatement) {
  take_the_next_names();
  put(*database_, "a", 7);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(database_->query("SELECT i + 1 AS more FROM " + table_)[0].integer("more"), 8) << i;
}

TEST_F(DirectOnly, ANameThatIsTakenIsNoErrorOfSeveralQueriesAtOnce) {
  take_the_next_names();
  put(*database_, "a", 7);
  const Query one{"SELECT i FROM " + table_, {}}, other{"SELECT i + 1 AS more FROM " + table_, {}};
  for (int i = 0; i < 20; ++i) EXPECT_EQ(database_->query_all({one, other})[1][0].integer("more"), 8) << i;
}

TEST_F(DirectOnly, ATransactionThatMeetsANameThatIsTakenIsDoneAnew) {
  take_the_next_names();
  put(*database_, "a", 0);
  for (int i = 1; i <= 20; ++i) {
    in_transaction(*database_, [&] { set(*database_, "a", i); });
    EXPECT_EQ(value_of(*open(), "a"), i);
    in_transaction(*database_, [&] {
      const Query more{"UPDATE " + table_ + " SET r = i RETURNING r", {}, Effect::changes},
          read{"SELECT r FROM " + table_, {}};
      EXPECT_EQ(database_->query_all({more, read})[1][0].real("r"), i);
    });
  }
}

TEST_F(DirectOnly, NoTwoConnectionsNameTheirStatementsAlike) {
  EXPECT_NE(name_of_a_prepared_statement(*database_), name_of_a_prepared_statement(*open()));
}

TEST_F(DirectOnly, TheConnectionIsEncryptedAndBoundToItsChannel) {
  EXPECT_EQ(connect()->facts().tls, "TLSv1.3");
  EXPECT_EQ(connect()->address().value("channel_binding"), "require");
  PostgresAddress plain = parse_postgres_address(address_, "test");
  plain.parameters["sslmode"] = "disable";
  EXPECT_EQ(kind_of_failure([&] { PostgresDatabase unbound(plain); }), ErrorKind::not_allowed)
      << "channel_binding=require needs TLS";
}

}  // namespace
}  // namespace heretix
