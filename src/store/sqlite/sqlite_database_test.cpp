#include "store/sqlite/sqlite_database.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"
#include "base/file.hpp"

namespace heretix {
namespace {

// Whether another process may write. In a child, because a process never meets its own locks.
bool another_process_may_write(const std::string& path, const char* sql = nullptr) {
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      SqliteDatabase other(path, {.busy_timeout = std::chrono::milliseconds(100)});
      other.begin();
      if (sql != nullptr) {
        other.execute(sql);
        other.commit();
      }
      ::_exit(0);
    } catch (const Error&) { ::_exit(1); }
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// The kernel drops all of a process's locks on a file as soon as the process closes any descriptor of it.
TEST(SqliteDatabase, KeepsItsLocksWhileTheProcessOpensAndClosesTheFileAgain) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/store.sqlite";
  SqliteDatabase writer(path, {.access = Access::create});
  writer.execute_script("CREATE TABLE t (a INTEGER)");
  ASSERT_TRUE(another_process_may_write(path));

  writer.begin();
  writer.execute("INSERT INTO t (a) VALUES (1)");
  ASSERT_FALSE(another_process_may_write(path));

  { const SqliteDatabase second(path, {.access = Access::read_only}); }
  EXPECT_FALSE(another_process_may_write(path)) << "opening for reading gave the writer's lock away";
  try {
    const SqliteDatabase third(path, {.access = Access::create, .busy_timeout = std::chrono::milliseconds(1)});
  } catch (const Error& e) { EXPECT_EQ(e.kind(), ErrorKind::unavailable) << e.what(); }
  EXPECT_FALSE(another_process_may_write(path)) << "opening for writing gave the writer's lock away";
  writer.commit();
}

TEST(SqliteDatabase, RefusesAChangeThatIsDeclaredToRead) {
  const TemporaryFolder folder;
  SqliteDatabase database(folder.path() + "/store.sqlite", {.access = Access::create});
  database.execute_script("CREATE TABLE t (a INTEGER)");
  const std::string insert = "INSERT INTO t (a) VALUES (1) RETURNING a";
  EXPECT_THROW(database.query(insert), Error);
  EXPECT_THROW(database.query_all({{insert, {}}}), Error);
  EXPECT_TRUE(database.query("SELECT a FROM t").empty());
  EXPECT_EQ(database.change(insert).at(0).integer("a"), 1);
  EXPECT_EQ(database.query("SELECT a FROM t FOR UPDATE").size(), 1U) << "a read that locks is a read";
}

TEST(SqliteDatabase, CountsItsChangesWithoutLettingAnybodyWriteIntoItsSnapshot) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/store.sqlite";
  SqliteDatabase reader(path, {.access = Access::create});
  reader.execute_script("CREATE TABLE t (a INTEGER)");
  const std::uint32_t before = reader.change_counter();
  reader.execute("INSERT INTO t (a) VALUES (1)");
  EXPECT_EQ(reader.change_counter(), wal_is_safe(sqlite3_libversion_number()) ? before : before + 1);

  reader.begin_snapshot();
  reader.change_counter();
  EXPECT_EQ(another_process_may_write(path, "INSERT INTO t (a) VALUES (2)"), wal_is_safe(sqlite3_libversion_number()))
      << "with a rollback journal writers wait for a snapshot's end";
  reader.rollback();
}

}  // namespace
}  // namespace heretix
