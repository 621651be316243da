// One line about how far a model can be trusted, by the newest certificate for it: one in the store, else the one that
// ships with the program for the embedded model.
#pragma once

#include <string>

#include "belief/record/record.hpp"
#include "store/database.hpp"

namespace heretix {

// "SmolLM2-135M is a demonstration: right on 170 of 300 labelled claims". The count is left out, and the whole line for
// any other model, where no certificate is about this model, read in this way. Throws Error{bad_input} if the
// certificate that ships is damaged.
std::string about_model(const Recipe& recipe, Database& store);

// Whether the recipe's model is the one that comes with the program.
bool is_embedded(const Recipe& recipe);

// What to use in place of the embedded model.
std::string for_real_measurements();

}  // namespace heretix
