// The JSON artifact: one file per execution, whole or not there.
#pragma once

#include <string>

#include "belief/record/record.hpp"

namespace heretix {

// Writes `<folder of the database>/artifacts/<execution_id>.json` (0600), synced before it gets its name.
// Returns the path relative to that folder. Throws Error{unavailable, not_allowed}; then no file of that name is there.
std::string write_artifact(const Record& record, const std::string& database_path);

// "artifacts/<execution_id>.json", relative to the folder of the database.
std::string artifact_name(const std::string& execution_id);

// The absolute path for what write_artifact returned.
std::string artifact_path(const std::string& database_path, const std::string& relative);

}  // namespace heretix
