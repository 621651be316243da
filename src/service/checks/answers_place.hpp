// Where the service's checks keep their answers.
#pragma once

#include <memory>
#include <string>

#include "measure/run_store.hpp"

namespace heretix {

struct AnswersPlace {
  std::unique_ptr<Database> database;  // null: the service's own database holds them
  std::unique_ptr<RunStore> runs;
  std::string path;  // path of the harness file; empty: there is none
};

}  // namespace heretix
