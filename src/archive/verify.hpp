// Recomputes a stored run from its stored answers, then compares with everything that was stored about it.
#pragma once

#include <string>
#include <vector>

#include "measure/run_store.hpp"

namespace heretix {

struct Verification {
  std::string run_id;
  std::string execution_id;              // empty for a run of another program
  std::vector<std::string> recomputed;   // what was made again, before any stored result was read
  std::vector<std::string> differences;  // each names the thing, the stored and the recomputed value
  std::vector<std::string> not_checked;  // what the file does not hold enough for
  bool passed() const { return differences.empty(); }
};

// `name`: as RunStore::find_run takes it; of a run the newest execution, unless it names another one. `database_path`:
// where artifacts are looked for. Reads only. Throws Error{not_found}.
Verification verify_run(RunStore& runs, const std::string& name, const std::string& database_path);

// A run that another program wrote: centre and interval from `samples`, as far as its rows allow.
Verification verify_foreign(RunStore& runs, const std::string& run_id);

}  // namespace heretix
