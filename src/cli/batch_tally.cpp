#include "cli/batch_tally.hpp"

#include <fmt/format.h>

#include "measure/run_check.hpp"

namespace heretix {

void BatchTally::add_finished(const Record& record, Usd may_be_billed) {
  ++finished_;
  AskProgress progress;
  progress.answered = record.answered;
  progress.from_store = record.from_store;
  progress.billed = Usd::from_micros(record.execution.billed_micro_usd);
  progress.may_be_billed = may_be_billed;
  progress.billing_unknown = record.execution.billing_unknown;
  sum_ += progress;
}

void BatchTally::add_failed(const AskProgress& progress) {
  ++failed_;
  sum_ += progress;
}

void BatchTally::add_unfinished(const AskProgress& progress) {
  sum_ += progress;
  if (progress.answered == 0) return;
  ++begun_;
  unfinished_ += progress;
}

std::string BatchTally::finished_in_words() const {
  const std::string failed = failed_ == 0 ? "" : fmt::format(" and {} failed", failed_);
  if (models_ == 1) return fmt::format("{} of {} claims are finished{}", finished_, checks_, failed);
  return fmt::format("{} of {} checks ({} claims by {} models) are finished{}", finished_, checks_, checks_ / models_,
                     models_, failed);
}

std::string BatchTally::kept_in_words() const {
  std::string text = finished_in_words();
  if (begun_ > 0)
    text += fmt::format(", and {} of the {} answers of {} are kept", unfinished_.answered, unfinished_.questions,
                        begun_ == 1 ? "another one" : fmt::format("{} others", begun_));
  text += fmt::format("; in all {} answers are kept ({} of them from the store)", sum_.answered, sum_.from_store);
  if (sum_.billed > Usd() || sum_.billing_unknown > 0) text += "; " + cost_in_words(sum_);
  return text;
}

}  // namespace heretix
