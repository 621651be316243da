// Recomputes a stored run from its stored answers, and then compares the outcome with everything that was stored about
// it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "base/text_file.hpp"
#include "measure/run_store.hpp"

namespace heretix {

struct Verification {
  RunId run_id;
  std::optional<ExecutionId> execution_id;  // empty for a run of another program
  bool is_mock = false;                     // a script answered in the model's place
  std::vector<std::string> recomputed;      // what was recomputed before any stored result was read
  std::vector<std::string> differences;     // each names the thing with its stored and recomputed value
  std::vector<std::string> not_checked;     // what the file holds too little to check
  bool passed() const { return differences.empty(); }
};

// `name` is understood as RunStore::find_run does; of a run the newest execution is verified, unless the name means
// another one. `database_path` says where artifacts are looked for. Only reads. Throws Error{not_found}.
Verification verify_run(const std::string& name, RunStore& runs, const std::string& database_path);

// Verifies an artifact (docs/record.md) from what stands in it alone: no store is needed. It shows that the result
// follows from the answers; who measured them it cannot show. The name begins every message. Pure. Throws
// Error{bad_input} for what is no artifact.
Verification verify_artifact(const NamedText& artifact);

// Verifies a run that another program wrote: its centre and interval from `samples`, as far as its rows allow.
Verification verify_foreign(RunStore& runs, const RunId& run_id);

}  // namespace heretix
