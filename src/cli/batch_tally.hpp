// What a batch has done so far, of all its claims and models.
#pragma once

#include <cstddef>
#include <string>

#include "belief/record/record.hpp"
#include "measure/ask.hpp"

namespace heretix {

class BatchTally {
 public:
  // A check is one claim that is measured by one model.
  BatchTally(std::size_t claims, std::size_t models) : models_(models), checks_(claims * models) {}

  // `may_be_billed`: beyond what its record says, at most.
  void add_finished(const Record& record, Usd may_be_billed);
  void add_failed(const AskProgress& progress);      // of a check that ended without a result
  void add_unfinished(const AskProgress& progress);  // of a check that the end of the batch cuts short

  // "17 of 40 claims are finished, and 5 of the 16 answers of another one are kept; in all 277 answers are kept (12 of
  // them from the store); it cost $0.0123".
  std::string kept_in_words() const;

 private:
  std::string finished_in_words() const;

  std::size_t models_;
  std::size_t checks_;
  std::size_t finished_ = 0;
  std::size_t failed_ = 0;
  std::size_t begun_ = 0;   // cut short, with some of their answers
  AskProgress unfinished_;  // of these
  AskProgress sum_;         // of all checks: answered, from_store and what was billed
};

}  // namespace heretix
