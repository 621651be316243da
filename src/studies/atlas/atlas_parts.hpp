// The parts of which make_atlas() is made, once the matrix is there. Pure.
#pragma once

#include "studies/atlas/atlas.hpp"

namespace heretix {

// The row of a claim and model if there is a number, stable or not; else null.
const AtlasRow* atlas_number(const Atlas& atlas, const AtlasClaim& claim, std::size_t model);
// Likewise if there is a belief.
const AtlasRow* atlas_belief(const Atlas& atlas, const AtlasClaim& claim, std::size_t model);

void score_by_truth(Atlas& atlas);                                 // truths and score_differences
void compare_models(Atlas& atlas);                                 // agreements
void weigh_wordings(Atlas& atlas, const AtlasWordings& wordings);  // components and pulls

}  // namespace heretix
