// What lists show of a stored run: belief_v2, without making the whole record again where the stored one says it.
#pragma once

#include <optional>

#include "belief/record/shown_belief.hpp"
#include "measure/run_store.hpp"

namespace heretix {

// `run` is a row of RunStore::runs(). For a run that an earlier build measured it is computed from the stored answers,
// and for one of another program from its samples, of which the shortest decimals stand for what was written. Empty
// without a result, and where the answers are missing or damaged.
std::optional<ShownBelief> listed_belief(RunStore& runs, const Row& run);

}  // namespace heretix
