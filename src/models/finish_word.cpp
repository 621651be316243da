#include "models/finish_word.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "models/anthropic/finish_words.hpp"
#include "models/gemini/finish_words.hpp"
#include "models/openai/finish_words.hpp"

namespace heretix {

Ending ending_of(FinishWords words, std::string_view word) {
  if (word.empty()) return Ending::complete;
  const std::string wanted = to_lower_ascii(word);
  const auto found = std::ranges::find_if(words, [&](const FinishWord& w) { return to_lower_ascii(w.word) == wanted; });
  return found == words.end() ? Ending::unknown : found->ending;
}

bool names_a_failure(std::string_view word) {
  const auto fails = [&](FinishWords words) { return ending_of(words, word) == Ending::failed; };
  return fails(kOpenAiFinishWords) || fails(kXaiFinishWords) || fails(kCompatibleFinishWords) ||
         fails(kResponseStatuses) || fails(kClaudeStopReasons) || fails(kGeminiFinishReasons);
}

}  // namespace heretix
