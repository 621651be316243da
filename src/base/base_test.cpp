#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <thread>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "base/random.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"

namespace heretix {
namespace {

TEST(Sha256, AgreesWithThePublishedVectors) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Utf8, IsCheckedToTheByte) {
  EXPECT_EQ(first_invalid_utf8("plain, é, 漢, 🚀"), std::nullopt);
  EXPECT_EQ(first_invalid_utf8("ab\xff"), 2U);
  EXPECT_EQ(first_invalid_utf8("\xc0\x80"), 0U) << "overlong";
  EXPECT_EQ(first_invalid_utf8("a\xed\xa0\x80"), 1U) << "surrogate";
  EXPECT_EQ(first_invalid_utf8("\xf4\x90\x80\x80"), 0U) << "above U+10FFFF";
  EXPECT_EQ(first_invalid_utf8("a\xe6\xbc"), 1U) << "cut short";
}

TEST(Text, CountsAndShortensByCodePoint) {
  EXPECT_EQ(count_code_points("é漢🚀a"), 4U);
  EXPECT_EQ(shortened("é漢🚀a", 4), "é漢🚀a");
  EXPECT_EQ(shortened("é漢🚀ab", 4), "é漢🚀…");
}

TEST(Text, ReplacesInOnePass) {
  EXPECT_EQ(replaced("{C} and {C}", {"{C}", "a {C}"}), "a {C} and a {C}");
  EXPECT_EQ(replaced("none", {"{C}", "x"}), "none");
}

TEST(Text, CannotDriveATerminal) { EXPECT_EQ(on_one_line("a\x1b[31m\nb\xc2\x9bz é"), "a\\x1b[31m\\nb\\x9bz é"); }

TEST(Hex, HasTwoDigitsAByte) { EXPECT_EQ(to_hex(std::string("\0\x09\x7f\xff", 4)), "00097fff"); }

TEST(Clock, TellsTheDayInUtc) {
  EXPECT_EQ(utc_day(0), "1970-01-01");
  EXPECT_EQ(utc_day(1'709'251'199), "2024-02-29");
  EXPECT_EQ(utc_day(1'709'251'200), "2024-03-01");
  EXPECT_EQ(utc_day(-1), "1969-12-31");
}

// A signal ends the write to a full pipe half-way.
TEST(File, WritesAllOfWhatAPipeTakesInParts) {
  struct sigaction heard {};
  heard.sa_handler = [](int) {};
  struct sigaction before {};
  ASSERT_EQ(::sigaction(SIGUSR1, &heard, &before), 0);
  const pthread_t writer = ::pthread_self();
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  std::string given;
  while (given.size() < 1'000'000) given += sha256_hex(given.substr(0, 64));
  std::string taken;
  std::thread reader([&] {
    std::array<char, 65536> piece{};
    ssize_t size = 0;
    do {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // until the pipe is full
      ::pthread_kill(writer, SIGUSR1);
      size = ::read(ends[0], piece.data(), piece.size());
      taken.append(piece.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    } while (size > 0);
  });
  EXPECT_TRUE(write_all(ends[1], given));
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  ::sigaction(SIGUSR1, &before, nullptr);
  EXPECT_EQ(taken, given);
}

TEST(File, SaysThatTheDiskIsFull) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  EXPECT_FALSE(write_all(full, "x"));
  EXPECT_EQ(errno, ENOSPC);
  ::close(full);
}

}  // namespace
}  // namespace heretix
