#include "base/columns.hpp"

#include <gtest/gtest.h>

#include <random>

#include "base/text.hpp"

namespace heretix {
namespace {

TEST(Columns, AreCountedAsATerminalDoes) {
  EXPECT_EQ(display_width("snow"), 4U);
  EXPECT_EQ(display_width("Schnee ist weiß"), 15U);
  EXPECT_EQ(display_width("雪は白い"), 8U);
  EXPECT_EQ(display_width("e\u0301"), 1U) << "a combining accent";
  EXPECT_EQ(display_width("\x1b[1mbold\x1b[0m"), 4U);
  EXPECT_EQ(display_width("0 ··●── 1"), 9U);
}

TEST(Columns, ATextIsCutAndPaddedByThem) {
  EXPECT_EQ(cut_to("Snow is white", 8), "Snow is…");
  EXPECT_EQ(cut_to("雪は白い", 6), "雪は…");
  EXPECT_EQ(padded_to("雪", 4), "雪  ");
  EXPECT_EQ(padded_to("white", 4), "white");
}

TEST(Columns, ALongLineGoesOnBelowItsLastCell) {
  EXPECT_EQ(fitted("  labels  FAIL  share of answers whose label contradicts their number", 50),
            "  labels  FAIL  share of answers whose label\n"
            "                contradicts their number");
  EXPECT_EQ(fitted("heretix: this is a sentence of several words", 30),
            "heretix: this is a sentence of\n  several words");
  EXPECT_EQ(fitted("  a paragraph that is too long for it", 30), "  a paragraph that is too long\n  for it");
  EXPECT_EQ(fitted("short\n\nlines\n", 30), "short\n\nlines\n");
}

TEST(Columns, WhatCannotBreakStaysWhole) {
  const std::string address = "https://example.org/a/very/long/address/that/is/wider/than/the/terminal";
  EXPECT_EQ(fitted("see " + address, 30), "see\n  " + address);
  EXPECT_EQ(wrapped(address, 30), std::vector<std::string>{address});
  EXPECT_EQ(wrapped("aaaaaaaaaaaa", 8), (std::vector<std::string>{"aaaaaaaa", "aaaa"})) << "no address";
  EXPECT_EQ(wrapped("heretix-rpl-bae539ea790a", 8), std::vector<std::string>{"heretix-rpl-bae539ea790a"});
  EXPECT_EQ(wrapped("雪は白いです", 8), (std::vector<std::string>{"雪は白い", "です"}));
  EXPECT_EQ(wrapped("", 8), std::vector<std::string>{""});
}

TEST(Columns, NothingIsLostAndNoLineIsTooLong) {
  std::mt19937 numbers(7);
  for (int i = 0; i < 500; ++i) {
    std::string line(numbers() % 30, ' ');
    for (std::size_t word = 0; word < 1 + numbers() % 40; ++word)
      line += std::string(1 + numbers() % 12, 'a') + std::string(1 + numbers() % 3, ' ');
    const std::size_t columns = kLeastColumns + numbers() % 60;
    const std::string text = fitted(line, columns);
    EXPECT_EQ(replaced(replaced(text, {" ", ""}), {"\n", ""}), replaced(line, {" ", ""}));
    for (const std::string_view part : split(text, '\n')) EXPECT_LE(display_width(part), columns) << line;
  }
}

}  // namespace
}  // namespace heretix
