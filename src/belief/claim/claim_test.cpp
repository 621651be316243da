#include "belief/claim/claim.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace heretix {
namespace {

TEST(Claim, ThatEndsInAQuestionMarkIsAQuestion) {
  for (const char* text :
       {"Is the earth flat?", "Is the earth flat? ", "Is it?\r\n", "Really?!", "\"Is the earth flat?\"", "(Is it?)",
        "« Est-elle plate ? »", "„Ist sie flach?“", "Is it?’", "地球は平らですか？", "「地球は平らですか？」",
        "هل الأرض مسطحة؟", "What\u203d", "Is it\u2047", "Είναι επίπεδη\u037e", "?", "Is it?\u00a0", "[Is it?]}"})
    EXPECT_TRUE(is_question(text)) << text;
}

TEST(Claim, ThatEndsOtherwiseIsNone) {
  for (const char* text :
       {"The earth is flat", "The earth is flat.", "Is the earth flat", "Why? Because it is.",
        "The answer to \"Is it flat?\" is no", "", " ", "!", "Είναι επίπεδη;", "She asked \"Why?\"."})
    EXPECT_FALSE(is_question(text)) << text;
}

TEST(Claim, OfDigitsAloneIsANumber) {
  for (const char* text : {"42", " 42 ", "-3.5", "+1", "1e6", "1,000", "1'000", "50 %", "1e400", "2026-01-01"})
    EXPECT_TRUE(is_only_a_number(text)) << text;
  for (const char* text : {"", "nan", "inf", "-", "2 + 2 = 4", "42 is even", "x", "%", "1e", "0x10 is ten"})
    EXPECT_FALSE(is_only_a_number(text)) << text;
}

TEST(Claim, ThatIsNoStatementIsRefusedWithWhatToDo) {
  EXPECT_NO_THROW(require_statement("The earth is flat", false, "say so"));
  EXPECT_NO_THROW(require_statement("Is the earth flat?", true, "say so"));
  EXPECT_THROW(require_statement("42", true, "say so"), Error);
  try {
    require_statement("Is the earth flat?", false, "say so");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::bad_input);
    EXPECT_TRUE(e.hint().ends_with("; say so")) << e.hint();
  }
}

}  // namespace
}  // namespace heretix
