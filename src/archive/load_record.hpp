// Makes a stored check again from its stored answers.
#pragma once

#include <string>

#include "belief/record/record.hpp"
#include "measure/run_store.hpp"

namespace heretix {

// Recomputes plan and estimate from the execution's row, its bank and its answers. Stored results are not read. Throws
// Error{broken} if a part is missing or does not fit the rest.
Record load_record(RunStore& runs, const ExecutionRow& execution);

// An answer that an execution counted, under its key; without an answer where it is missing.
struct CountedAnswer {
  std::string cache_key;
  std::optional<Answer> answer;
};

// The same from what lies before the caller, in the order of the plan. Pure. Throws Error{broken} likewise.
Record recomputed_record(const ExecutionRow& execution, const PromptBank& bank, std::vector<CountedAnswer> counted);

// What came back from an execution that has no result: the questions of its plan that were sent or have an answer.
struct CameBack {
  struct Each {
    Question question;
    std::optional<Answer> answer;  // the answer that counts, or would have counted
    std::string trouble;           // what went wrong in the newest attempt, if there is no answer
  };
  Recipe recipe;
  std::size_t planned = 0;  // number of questions
  std::vector<Each> questions;
};
CameBack what_came_back(RunStore& runs, const ExecutionRow& execution);

}  // namespace heretix
