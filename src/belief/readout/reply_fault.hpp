// Why a reply whose token probabilities are to be read holds no answer. Pure.
//
// A probability is read off the places of a reply's tokens, so these places must be those of the answer. A server that
// takes the thinking out of the content still lists its tokens: the first of them then stands in the thinking, and says
// nothing of the answer.
#pragma once

#include <string>
#include <string_view>

#include "belief/plan/recipe.hpp"

namespace heretix {

// `content`: the text of the reply. `logprobs`: its tokens in the form of Chat Completions (logprobs.content), or what
// a local model gave (docs/readouts.md), which writes no reply and is not compared with one. The result is a clause
// that says what is wrong and what to do about it; it is empty if nothing is wrong.
//
// `begun`: how the answer was begun for the model to go on; some servers show that before what the model wrote.
//
// What is refused: a reply without content; tokens that do not spell the content, white space left aside, where one
// further token may end the text; and numbers that cannot be probabilities (nonsense_in()). A decision has neither
// content nor tokens, and a frequency no tokens.
std::string fault_of_reply(Readout readout, std::string_view content, const std::string& logprobs,
                           std::string_view begun = {});

}  // namespace heretix
