// Answers that are read off a model: their parts are asked, kept and paid for like any question, then put together.
#pragma once

#include <functional>

#include "measure/ask.hpp"

namespace heretix {

// `ask` puts the questions of a plan, the store's answers first. What the parts make is kept beside them under the
// question's own key. The outcome's answers are the plan's; its counts of what was sent and paid are the parts'.
// Throws what ask and store throw.
AskOutcome ask_in_parts(const Plan& plan, const ProviderFacts& facts, AnswerStore& store, AskObserver& observer,
                        const std::function<AskOutcome(const Plan& parts, AskObserver& observer)>& ask);

// What an execution asked before, then asked again with more beside it: by now in the store, but not before.
void add_earlier(AskOutcome& outcome, const AskOutcome& earlier);

}  // namespace heretix
