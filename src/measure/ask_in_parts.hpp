// Answers that are read off a model. Their parts are asked, kept and paid for like any question, and then put together.
#pragma once

#include <functional>

#include "measure/ask.hpp"

namespace heretix {

// `ask` asks the questions of a plan, taking the store's answers first. The answer that the parts make is kept beside
// them under the question's own key. The outcome's answers are those of the plan; its counts of what was sent and paid
// are those of the parts. Throws what `ask` and the store throw.
AskOutcome ask_in_parts(const Plan& plan, const ProviderFacts& facts, AnswerStore& store, AskObserver& observer,
                        const std::function<AskOutcome(const Plan& parts, AskObserver& observer)>& ask);

// Adds what an execution had asked earlier, before it asked the same with more beside it. Those answers came from the
// store the second time, but not the first.
void add_earlier(AskOutcome& outcome, const AskOutcome& earlier);

}  // namespace heretix
