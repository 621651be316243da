// A model that writes, asked as if it stated probabilities: each statement is put to it as a question, and what it
// writes, or the probabilities of its first token, become the number of a noul. So every way of reading a model serves
// what is built on statements and their negations.
#pragma once

#include <memory>

#include "models/provider.hpp"

namespace heretix {

// Null if the model states probabilities by itself, which is then the better way. Otherwise it is a Provider for
// Readout::decision, and a LetterReader where the token probabilities are shown. `inner` is borrowed. Throws
// Error{bad_input} for a model that can be read in no way.
std::unique_ptr<Provider> make_stated_provider(Provider& inner);

}  // namespace heretix
