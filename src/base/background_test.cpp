#include "base/background.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace heretix {
namespace {

TEST(Background, DoesEverythingInOrder) {
  std::vector<int> done;
  Background<int> work(3, [&](int& item) { done.push_back(item); });
  for (int i = 0; i < 1000; ++i) work.hand_over(i);
  work.finish();
  ASSERT_EQ(done.size(), 1000U);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i);
}

TEST(Background, ThrowsWhatTheWorkThrewAndDoesNoMore) {
  int done = 0;
  Background<int> work(1, [&](int& item) {
    if (item == 5) throw std::runtime_error("five");
    ++done;
  });
  EXPECT_THROW(
      {
        for (int i = 0; i < 1000; ++i) work.hand_over(i);
        work.finish();
      },
      std::runtime_error);
  EXPECT_EQ(done, 5);
}

TEST(Background, DropsWhatWaitsWhenNobodyFinishes) {
  Background<std::string> work(2, [](std::string&) {});
  for (int i = 0; i < 10; ++i) work.hand_over("item");
}

TEST(Ahead, GivesEverythingInOrderAndThenNothing) {
  int made = 0;
  Ahead<int> ahead(2, [&] { return made < 500 ? std::optional(made++) : std::nullopt; });
  for (int i = 0; i < 500; ++i) EXPECT_EQ(ahead.next(), i);
  EXPECT_EQ(ahead.next(), std::nullopt);
  EXPECT_EQ(ahead.next(), std::nullopt);
}

TEST(Ahead, ThrowsWhatTheMakerThrewBehindWhatItMade) {
  int made = 0;
  Ahead<int> ahead(2, [&]() -> std::optional<int> {
    if (made == 3) throw std::runtime_error("three");
    return made++;
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ahead.next(), i);
  EXPECT_THROW(ahead.next(), std::runtime_error);
}

TEST(Ahead, EndsThoughNobodyWantsTheRest) {
  Ahead<int> ahead(2, [] { return std::optional(1); });
  EXPECT_EQ(ahead.next(), 1);
}

}  // namespace
}  // namespace heretix
