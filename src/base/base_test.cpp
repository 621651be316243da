#include <gtest/gtest.h>

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
  EXPECT_EQ(replaced("{C} and {C}", "{C}", "a {C}"), "a {C} and a {C}");
  EXPECT_EQ(replaced("none", "{C}", "x"), "none");
}

TEST(Text, CannotDriveATerminal) { EXPECT_EQ(on_one_line("a\x1b[31m\nb\xc2\x9bz é"), "a\\x1b[31m\\nb\\x9bz é"); }

}  // namespace
}  // namespace heretix
