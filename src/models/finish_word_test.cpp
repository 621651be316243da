// The lists of finish words: what the SDKs hold, each word in its group, and no word twice.
#include "models/finish_word.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "models/anthropic/finish_words.hpp"
#include "models/gemini/finish_words.hpp"
#include "models/openai/finish_words.hpp"

namespace heretix {
namespace {

using Words = std::vector<std::string_view>;

void expect_all(FinishWords list, const Words& words, Ending ending) {
  for (const std::string_view word : words) EXPECT_EQ(ending_of(list, word), ending) << word;
}

// The words of the SDKs are typed out here again, so that a list that loses one is seen.
TEST(FinishWords, OfOpenAi) {
  expect_all(kOpenAiFinishWords, {"stop"}, Ending::complete);
  expect_all(kOpenAiFinishWords, {"length"}, Ending::length);
  expect_all(kOpenAiFinishWords, {"content_filter"}, Ending::filtered);
  expect_all(kOpenAiFinishWords, {"tool_calls", "function_call"}, Ending::tool_use);
  expect_all(kResponseStatuses, {"completed"}, Ending::complete);
  expect_all(kResponseStatuses, {"failed", "in_progress", "cancelled", "queued"}, Ending::failed);
  expect_all(kResponseStatuses, {"max_output_tokens"}, Ending::length);
  expect_all(kResponseStatuses, {"content_filter"}, Ending::filtered);
  expect_all(kResponseStatuses, {"max_messages", "steered"}, Ending::tool_use);
}

TEST(FinishWords, OfAnthropic) {
  expect_all(kClaudeStopReasons, {"end_turn", "stop_sequence"}, Ending::complete);
  expect_all(kClaudeStopReasons, {"max_tokens", "model_context_window_exceeded", "compaction"}, Ending::length);
  expect_all(kClaudeStopReasons, {"tool_use", "pause_turn"}, Ending::tool_use);
  expect_all(kClaudeStopReasons, {"refusal"}, Ending::refused);
}

TEST(FinishWords, OfGemini) {
  expect_all(kGeminiFinishReasons, {"STOP"}, Ending::complete);
  expect_all(kGeminiFinishReasons, {"MAX_TOKENS", "CONTINUATION"}, Ending::length);
  expect_all(kGeminiFinishReasons,
             {"SAFETY", "RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY",
              "IMAGE_PROHIBITED_CONTENT", "IMAGE_OTHER", "NO_IMAGE", "IMAGE_RECITATION", "ESCALATION", "MODEL_ARMOR"},
             Ending::filtered);
  expect_all(kGeminiFinishReasons, {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"},
             Ending::tool_use);
  expect_all(kGeminiFinishReasons, {"MALFORMED_RESPONSE", "MISSING_THOUGHT_SIGNATURE"}, Ending::failed);
  expect_all(kGeminiFinishReasons, {"PUP_LIMITED_DISABLED"}, Ending::disabled);
  expect_all(kGeminiFinishReasons, {"FINISH_REASON_UNSPECIFIED", "A_NEW_ONE"}, Ending::unknown);
}

TEST(FinishWords, OfXai) {
  expect_all(kXaiFinishWords, {"stop", "REASON_STOP"}, Ending::complete);
  expect_all(kXaiFinishWords, {"length", "max_context", "REASON_MAX_LEN", "REASON_MAX_CONTEXT"}, Ending::length);
  expect_all(kXaiFinishWords, {"tool_calls", "REASON_TOOL_CALLS"}, Ending::tool_use);
  expect_all(kXaiFinishWords, {"REASON_TIME_LIMIT", "REASON_INVALID"}, Ending::failed);
}

TEST(FinishWords, OfMistralAndOtherServers) {
  expect_all(kCompatibleFinishWords, {"stop", "eos", "COMPLETE", "end_turn"}, Ending::complete);
  expect_all(kCompatibleFinishWords, {"length", "model_length", "max_context", "CONTINUATION"}, Ending::length);
  expect_all(kCompatibleFinishWords, {"content_filter", "sensitive", "ERROR_TOXIC", "guardrail_intervened"},
             Ending::filtered);
  expect_all(kCompatibleFinishWords, {"error", "abort", "insufficient_system_resource", "network_error"},
             Ending::failed);
  expect_all(kCompatibleFinishWords, {"tool_calls", "tool_use", "pause_turn"}, Ending::tool_use);
}

TEST(FinishWords, AWordThatNoListHoldsIsNotComplete) {
  for (const FinishWords list :
       {FinishWords(kOpenAiFinishWords), FinishWords(kXaiFinishWords), FinishWords(kCompatibleFinishWords),
        FinishWords(kResponseStatuses), FinishWords(kClaudeStopReasons), FinishWords(kGeminiFinishReasons)}) {
    EXPECT_EQ(ending_of(list, "halted"), Ending::unknown);
    EXPECT_EQ(ending_of(list, "stop "), Ending::unknown);
    EXPECT_EQ(ending_of(list, ""), Ending::complete);
    std::set<std::string> seen;
    for (const FinishWord& word : list) EXPECT_TRUE(seen.insert(to_lower_ascii(word.word)).second) << word.word;
  }
}

TEST(FinishWords, OfRepliesThatWereBrokenOff) {
  for (const char* word : {"failed", "queued", "in_progress", "cancelled", "error", "abort", "MALFORMED_RESPONSE"})
    EXPECT_TRUE(names_a_failure(word)) << word;
  for (const char* word : {"stop", "length", "SAFETY", "tool_calls", "halted", ""})
    EXPECT_FALSE(names_a_failure(word)) << word;
}

}  // namespace
}  // namespace heretix
