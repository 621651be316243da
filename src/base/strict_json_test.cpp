#include "base/strict_json.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace heretix {
namespace {

std::string refusal(std::string_view text, std::size_t first_line = 1) {
  try {
    const PlacedJson file(text, "f", "hint", first_line);
  } catch (const Error& e) { return e.what(); }
  return "";
}

TEST(PlacedJson, KnowsWhereEachValueStands) {
  const PlacedJson file("{\"a\": 1,\n \"b\\\"\\\\\": [10,\n  true, {\"é\": \"x\", \"c\": null}],\n\"d\": {}}", "f",
                        "hint");
  const auto place = [&](const char* pointer) {
    const TextPlace at = file.place_of(pointer);
    return std::pair(at.line, at.column);
  };
  EXPECT_EQ(place("/a"), std::pair(1UL, 2UL));
  EXPECT_EQ(place("/b\"\\"), std::pair(2UL, 2UL));
  EXPECT_EQ(place("/b\"\\/1").first, 3);
  EXPECT_EQ(place("/b\"\\/2"), std::pair(3UL, 9UL));
  EXPECT_EQ(place("/b\"\\/2/c"), std::pair(3UL, 20UL));
  EXPECT_EQ(place("/d/none"), std::pair(4UL, 1UL)) << "the nearest value around it";
  EXPECT_EQ(place("/none"), std::pair(1UL, 1UL));
  EXPECT_EQ(file.root(), nlohmann::json::parse(R"({"a": 1, "b\"\\": [10, true, {"é": "x", "c": null}], "d": {}})"));
}

TEST(PlacedJson, SaysWhereItIsMalformedAndWhy) {
  EXPECT_EQ(refusal("{\"a\": 1, \"b\": {\"c\": 1,\n\"c\": 2}}"), "f:2:1: field 'c' is given twice");
  EXPECT_EQ(refusal("{\"a\": {\"c\": 1}, \"b\": {\"c\": 1}}"), "");
  EXPECT_EQ(refusal("{\"a\": \"\\ud83c!\"}", 7),
            "f:7:14: \\ud83c is half of a surrogate pair, and its other half is missing");
  EXPECT_EQ(refusal("{\"a\": \"\\uDF0D\"}"),
            "f:1:13: \\uDF0D is half of a surrogate pair, and its other half is missing");
  EXPECT_EQ(refusal("{\"a\": \"caf\xe9\"}"), "f:1:11: the byte 0xe9 is not UTF-8");
  EXPECT_TRUE(refusal("{\"a\": 1,\n}").starts_with("f:2:1: not JSON: unexpected '}'")) << refusal("{\"a\": 1,\n}");
  EXPECT_TRUE(refusal("").starts_with("f:1:1: not JSON")) << refusal("");
  EXPECT_TRUE(refusal("{} x").starts_with("f:1:4: not JSON")) << refusal("{} x");
}

TEST(PlacedJson, ReadsWhatOtherReadersWrite) {
  EXPECT_EQ(PlacedJson("\xEF\xBB\xBF{\"a\": \"\\ud83c\\udf0d\"}", "f", "").root()["a"], "\xF0\x9F\x8C\x8D");
  EXPECT_EQ(PlacedJson("[1.5, -3, 18446744073709551615, \"\"]", "f", "").root().dump(),
            "[1.5,-3,18446744073709551615,\"\"]");
}

}  // namespace
}  // namespace heretix
