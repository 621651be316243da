// How a model stopped, and the words by which the providers say so. Each provider has one list of its words as data in
// its own folder; a word that the list does not hold is never taken for a complete answer.
#pragma once

#include <span>
#include <string_view>

namespace heretix {

// Only `complete` texts are read by the rules of docs/answers.md.
enum class Ending {
  complete,
  length,    // a limit cut it off: the one that was asked for, or the model's own
  refused,   // the model declined
  filtered,  // a policy held back the question or the answer
  tool_use,  // the model called a tool, or paused its turn, instead of answering
  unknown,   // by a word that no list holds
  failed,    // the provider broke off: there is no answer, whatever text came
  disabled,  // the account may not ask any more
};

struct FinishWord {
  std::string_view word;
  Ending ending;
};
using FinishWords = std::span<const FinishWord>;

// Upper and lower case are the same. Without a word the answer counts as complete, and its text has to speak for
// itself.
Ending ending_of(FinishWords words, std::string_view word);

// Whether this is a word by which some hosted provider says that it broke off. Builds up to November 2026 kept such
// replies as answers (measure/answer_store.cpp asks those questions again).
bool names_a_failure(std::string_view word);

}  // namespace heretix
