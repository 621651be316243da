#include "measure/execution_status.hpp"

#include "base/stored_word.hpp"
#include "base/word_table.hpp"

namespace heretix {
namespace {

constexpr WordTable<ExecutionStatus, 5> kWords({{ExecutionStatus::running, "running"},
                                                {ExecutionStatus::done, "done"},
                                                {ExecutionStatus::stopped, "stopped"},
                                                {ExecutionStatus::failed, "failed"},
                                                {ExecutionStatus::replaced, "replaced"}});

}  // namespace

std::string_view to_word(ExecutionStatus status) { return kWords.word(status); }

ExecutionStatus execution_status_of(const Row& row) {
  const std::string word = row.required_text("status");
  return require_known(kWords.value(word), "heretix_executions.status", word);
}

}  // namespace heretix
