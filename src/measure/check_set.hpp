// Many checks at the same time, on threads that take turns (store/shared_connection.hpp).
//
// A job is one check. It runs with the baton held, which it gives up wherever it waits. What it makes is reported when
// its turn comes: in the order of the jobs, or as they finish.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "measure/shared_provider.hpp"

namespace heretix {

enum class ReportOrder { as_given, as_finished };

class CheckSet {
 public:
  // Shows what a check made. Called with the baton held, by one thread at a time.
  using Report = std::function<void()>;

  struct Job {
    std::string alone_by;          // two jobs with the same text are never made at the same time
    std::function<Report()> make;  // what it throws ends the set
  };

  // `stop` is borrowed: when it is pressed, no further job begins.
  CheckSet(const StopSignal& stop, ReportOrder order) : order_(order) { halted_.heeded = &stop; }

  SharedByChecks shared() { return {baton_, stores_, halted_}; }

  // What checks of the set heed. It is pressed by the user's signal, and by end().
  const StopSignal& stop() const { return halted_; }

  // No further job begins, and those that run stop asking. Called with the baton held.
  void end();
  bool has_ended() const { return halted_.stopping(); }

  // Takes jobs from `next` until it has no more, and makes up to `at_once` of them at the same time. Returns when all
  // of them are reported. Throws the first error that a job or a report threw, once no job runs any more.
  void run(std::size_t at_once, const std::function<std::optional<Job>()>& next);

  // The number of the first job that is not reported yet, counted from 0.
  std::size_t first_unreported() const { return reported_; }

 private:
  void keep_making(const std::function<std::optional<Job>()>& next);
  std::optional<Job> take(const std::function<std::optional<Job>()>& next);
  Report make(const Job& job);
  void report(std::size_t number, Report made);
  void fail();

  Baton baton_;
  SharedStores stores_{baton_};
  StopSignal halted_;
  ReportOrder order_;

  std::condition_variable changed_;
  std::set<std::string> in_work_;  // alone_by
  std::size_t taken_ = 0;
  std::size_t reported_ = 0;
  bool has_no_more_ = false;
  std::map<std::size_t, Report> to_report_;  // finished, but earlier ones are not
  std::exception_ptr failure_;
};

}  // namespace heretix
