#include "measure/ownership.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

#include "base/file.hpp"
#include "store/sqlite/harness_file.hpp"

namespace heretix {
namespace {

TEST(Process, KnowsItselfToBeRunningAndOthersNot) {
  EXPECT_TRUE(process_runs(this_process()));
  EXPECT_FALSE(process_runs("another-boot 1 2"));
  EXPECT_FALSE(process_runs(""));
}

TEST(Process, ThatEndedAndWaitsToBeReapedDoesNotRun) {
  std::array<int, 2> told{};
  ASSERT_EQ(::pipe(told.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    write_all(told[1], this_process());
    ::_exit(0);
  }
  ::close(told[1]);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);

  std::string its_name(200, '\0');
  const ssize_t length = ::read(told[0], its_name.data(), its_name.size());
  ASSERT_GT(length, 0);
  its_name.resize(static_cast<std::size_t>(length));
  ASSERT_NE(its_name.find(std::to_string(child)), std::string::npos);
  EXPECT_FALSE(process_runs(its_name));
  ::waitpid(child, nullptr, 0);
}

class Owner : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  std::unique_ptr<SqliteDatabase> store_ = open_harness_file(folder_.path() + "/h.sqlite", {.access = Access::create});
};

// In a container of its own a process looks as if it were not there: its id means another process here, or none.
TEST_F(Owner, RunsAsLongAsItHoldsItsExecutionWhateverItsProcessLooksLike) {
  Ownership ours = own_execution(*store_, ExecutionId{"exec-1"});
  ASSERT_NE(ours.held, nullptr);
  EXPECT_TRUE(still_runs(*store_, ExecutionId{"exec-1"}, ours.owner));
  EXPECT_TRUE(still_runs(*store_, ExecutionId{"exec-1"}, "another-boot 1 2 lock"));
  EXPECT_FALSE(still_runs(*store_, ExecutionId{"exec-2"}, ours.owner));

  ours.held.reset();
  EXPECT_FALSE(still_runs(*store_, ExecutionId{"exec-1"}, ours.owner))
      << "this process runs, but that execution is over";
}

TEST_F(Owner, OfAnEarlierBuildIsKnownByItsProcess) {
  EXPECT_TRUE(still_runs(*store_, ExecutionId{"exec-1"}, this_process()));
  EXPECT_FALSE(still_runs(*store_, ExecutionId{"exec-1"}, "another-boot 1 2"));
}

// Earlier builds read the first three words.
TEST_F(Owner, IsWrittenSoThatAnEarlierBuildUnderstandsIt) {
  EXPECT_TRUE(own_execution(*store_, ExecutionId{"exec-1"}).owner.starts_with(this_process() + " "));
}

}  // namespace
}  // namespace heretix
