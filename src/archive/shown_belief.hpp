// What lists show of a stored run: belief_v2, without making the whole record again where the stored one says it.
#pragma once

#include <optional>

#include "measure/run_store.hpp"

namespace heretix {

struct ShownBelief {
  double p = 0;
  std::optional<double> low{}, high{};  // empty with a single template
  std::optional<bool> is_stable{};      // likewise
};

// `run` is a row of RunStore::runs(). For a run that an earlier build measured it is computed from the stored answers,
// and for one of another program from its samples, of which the shortest decimals stand for what was written. Empty
// without a result, and where the answers are missing or damaged.
std::optional<ShownBelief> shown_belief(RunStore& runs, const Row& run);

}  // namespace heretix
