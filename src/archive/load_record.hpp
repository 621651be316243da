// A stored check, made again from its stored answers.
#pragma once

#include <string>

#include "belief/record/record.hpp"
#include "measure/run_store.hpp"

namespace heretix {

// Recomputes plan and estimate from what the execution's row, its bank and its answers say; stored results are not
// read. Throws Error{broken} where a part is missing or does not fit.
Record load_record(RunStore& runs, const ExecutionRow& execution);

// What came back of an execution that has no result: its plan's questions that were sent or have an answer.
struct CameBack {
  struct Each {
    Question question;
    std::optional<Answer> answer;  // that counts, or would have counted
    std::string trouble;           // of the newest attempt, where there is no answer
  };
  Recipe recipe;
  std::size_t planned = 0;  // questions
  std::vector<Each> questions;
};
CameBack what_came_back(RunStore& runs, const ExecutionRow& execution);

// The recipe and seed in an execution's config_json. Throws Error{broken} where it is malformed.
struct StoredConfig {
  Recipe recipe;
  std::optional<std::uint64_t> seed;
};
StoredConfig read_config(const std::string& config_text);

}  // namespace heretix
