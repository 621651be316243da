#include "base/child_process.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.hpp"

namespace heretix {
namespace {

using namespace std::chrono_literals;

constexpr ChildLimits kLimits{.most_output = 10'000'000, .longest = 20s};

TEST(ChildProcess, BytesGoInAndComeOut) {
  std::string much;
  for (int i = 0; i < 400'000; ++i) much += static_cast<char>(i * 7);
  EXPECT_EQ(output_of({"cat"}, much, kLimits), much) << "more than a pipe holds, in both directions at once";
  EXPECT_EQ(output_of({"cat"}, "", kLimits), "");
  EXPECT_EQ(output_of({"true"}, much, kLimits), "") << "a program that does not read ends all the same";
}

TEST(ChildProcess, ArgumentsAreNoShellWords) {
  EXPECT_EQ(output_of({"printf", "%s", "$HOME; `id`"}, {}, kLimits), "$HOME; `id`");
}

TEST(ChildProcess, SecretsOfTheEnvironmentStayHere) {
  ::setenv("HERETIX_TEST_SECRET", "hunter2", 1);
  const std::string seen = output_of({"env"}, {}, kLimits);
  EXPECT_EQ(seen.find("hunter2"), std::string::npos);
  EXPECT_NE(seen.find("PATH="), std::string::npos);
  ::unsetenv("HERETIX_TEST_SECRET");
}

ErrorKind kind_of(const std::vector<std::string>& command, const ChildLimits& limits) {
  try {
    output_of(command, {}, limits);
  } catch (const Error& e) { return e.kind(); }
  return ErrorKind::broken;
}

TEST(ChildProcess, WhatFailsIsNamed) {
  EXPECT_EQ(kind_of({"/no/such/program"}, kLimits), ErrorKind::not_found);
  EXPECT_EQ(kind_of({"false"}, kLimits), ErrorKind::unavailable);
  EXPECT_EQ(kind_of({"head", "-c", "5000", "/dev/zero"}, {.most_output = 1000, .longest = 20s}),
            ErrorKind::unavailable);
  EXPECT_EQ(kind_of({"sleep", "100"}, {.most_output = 1000, .longest = 1s}), ErrorKind::unavailable);
}

}  // namespace
}  // namespace heretix
