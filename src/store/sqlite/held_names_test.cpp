#include "store/sqlite/held_names.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/error.hpp"
#include "base/file.hpp"

namespace heretix {
namespace {

class HeldNames : public ::testing::Test {
 protected:
  HeldNames() : path_(folder_.path() + "/h.sqlite") { std::ofstream(path_) << "stands for a database"; }

  TemporaryFolder folder_;
  std::string path_;
};

TEST_F(HeldNames, AreHeldUntilTheObjectIsGone) {
  EXPECT_FALSE(OwnersFile(path_).is_held("exec-1"));
  auto held = OwnersFile(path_).hold("exec-1");
  ASSERT_NE(held, nullptr) << "this kernel has no locks of open files";
  EXPECT_TRUE(OwnersFile(path_).is_held("exec-1"));
  EXPECT_FALSE(OwnersFile(path_).is_held("exec-2"));

  const auto other = OwnersFile(path_).hold("exec-2");
  held.reset();
  EXPECT_FALSE(OwnersFile(path_).is_held("exec-1"));
  EXPECT_TRUE(OwnersFile(path_).is_held("exec-2"));
}

TEST_F(HeldNames, AreHeldOnce) {
  const auto held = OwnersFile(path_).hold("exec-1");
  try {
    const auto again = OwnersFile(path_).hold("exec-1");
    FAIL() << "two hold one name";
  } catch (const Error& e) { EXPECT_EQ(e.kind(), ErrorKind::conflict) << e.what(); }
}

TEST_F(HeldNames, LeadToOneFileByEveryNameOfTheDatabase) {
  std::filesystem::create_symlink(path_, folder_.path() + "/link.sqlite");
  const auto held = OwnersFile(folder_.path() + "/link.sqlite").hold("exec-1");
  EXPECT_TRUE(OwnersFile(path_).is_held("exec-1"));
}

TEST_F(HeldNames, FileHasTheRightsOfTheDatabaseAndNoContent) {
  ::chmod(path_.c_str(), 0640);
  const auto held = OwnersFile(path_).hold("exec-1");
  struct stat facts {};
  ASSERT_EQ(::stat((path_ + "-owners").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0640U);
  EXPECT_EQ(facts.st_size, 0);
}

// Killed, and not waited for: the process is a zombie, and its locks are gone all the same.
TEST_F(HeldNames, AreGivenBackByAKilledProcessBeforeItIsReaped) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = OwnersFile(path_).hold("exec-1");
    if (::write(ready[1], "x", 1) == 1) ::pause();
    ::_exit(1);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_TRUE(OwnersFile(path_).is_held("exec-1"));

  ::kill(child, SIGKILL);
  siginfo_t ended{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(OwnersFile(path_).is_held("exec-1"));
  ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace heretix
