// What the columns of a check say about the recipe and the execution behind it.
#pragma once

#include <string>

#include "archive/export/cells.hpp"
#include "archive/export/table.hpp"

namespace heretix {

// Fills execution_id, recipe_run_id, mode and claim_hash of a row of `checks` where its store has none, from check_id,
// was_cached, config_json and claim. The texts are valid until the next call.
class CheckNames {
 public:
  void fill(const Table& checks, Cells& cells);

 private:
  std::string execution_id_, claim_hash_;
};

}  // namespace heretix
