// What the commands that show stored measurements have in common.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/text_file.hpp"
#include "cli/option_groups.hpp"
#include "measure/run_store.hpp"
#include "report/document.hpp"

namespace heretix {

// The newest execution of a run, or the one execution that `name` begins. Throws Error{not_found, bad_input (several)}.
ExecutionRow stored_execution(RunStore& runs, const std::string& name);
Record stored_record(RunStore& runs, const std::string& name);
Record stored_record(RunStore& runs, const ExecutionId& execution);  // of one that is done; throws Error{not_found}

// On stdout as text or, with --json, as JSON; with --out as an HTML page too. `is_mock`: it is made of mock numbers,
// and all three are marked.
void show_document(Document document, nlohmann::json as_json, const CommonOptions& options, bool is_mock);

// Adds "mock": true to an object of JSON, or to each of a list.
void mark_as_mock(nlohmann::json& as_json);

// Throws Error{not_allowed}.
void write_file(const NamedText& file);

}  // namespace heretix
