// The JSON artifact of an execution: one file, which is either complete or absent.
#pragma once

#include <string>

#include "base/identity.hpp"
#include "belief/record/record.hpp"

namespace heretix {

// Writes `<folder of the database>/artifacts/<execution_id>.json` (mode 0600) and syncs it before giving it that name.
// `head` is to_json(record). Returns the path relative to the folder. Throws Error{unavailable, not_allowed}; no file
// of that name exists then.
std::string write_artifact(const Record& record, nlohmann::json head, const std::string& database_path);

// "artifacts/<execution_id>.json", relative to the folder of the database.
std::string artifact_name(const ExecutionId& execution_id);

// The absolute path of what write_artifact returned.
std::string artifact_path(const std::string& database_path, const std::string& relative);

}  // namespace heretix
