// How far an execution is.
#pragma once

#include <string_view>

#include "store/database.hpp"

namespace heretix {

// Stored as words in heretix_executions.status (docs/storage.md).
enum class ExecutionStatus {
  running,
  done,
  stopped,
  failed,
  replaced,  // its questions were planned anew, as the server takes them, in a later execution of the same check
};
std::string_view to_word(ExecutionStatus status);

// Of a row's column `status`. Throws Error{broken} for a word that is not known.
ExecutionStatus execution_status_of(const Row& row);

}  // namespace heretix
