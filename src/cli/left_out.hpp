// Mock runs stay out of what is said about models: a store that also holds measurements shows those alone
// (docs/storage.md, "Mock runs").
#pragma once

#include <string>

#include "cli/option_groups.hpp"
#include "measure/run_store.hpp"

namespace heretix {

// Which runs of a store list and compare go by: mock runs with --mock; else those of models; and where the store holds
// nothing else, mock runs.
Origin shown_origin(RunStore& store, const CommonOptions& options);

// Whether the store holds a run of a model, with a result or without.
bool holds_measurements(RunStore& store);

// How many mock runs are left out of what is shown.
std::size_t mock_left_out(RunStore& store, Origin shown);

// Says on stderr how many mock runs are left out, and the command that shows them. Says nothing where there are none.
void tell_left_out(std::size_t mock_runs, const std::string& command, const std::string& store_flag);
void tell_left_out(RunStore& store, Origin shown, const std::string& command, const std::string& store_flag);

}  // namespace heretix
