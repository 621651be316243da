#include "measure/check_set.hpp"

#include <thread>
#include <utility>
#include <vector>

namespace heretix {
namespace {

// Reports that wait for an earlier one are kept in memory.
constexpr std::size_t kMostAhead = 256;

}  // namespace

void CheckSet::end() {
  if (halted_.presses == 0) halted_.presses = 1;
  changed_.notify_all();
}

void CheckSet::fail() {
  if (!failure_) failure_ = std::current_exception();
  end();
}

std::optional<CheckSet::Job> CheckSet::take(const std::function<std::optional<Job>()>& next) {
  baton_.wait(changed_, [&] { return has_no_more_ || has_ended() || taken_ - reported_ < kMostAhead; });
  if (has_no_more_ || has_ended()) return std::nullopt;
  std::optional<Job> job = next();
  if (job) return job;
  has_no_more_ = true;
  changed_.notify_all();
  return std::nullopt;
}

void CheckSet::report(std::size_t number, Report made) {
  to_report_[number] = std::move(made);
  while (!to_report_.empty() && (order_ == ReportOrder::as_finished || to_report_.begin()->first == reported_)) {
    const Report next = std::move(to_report_.begin()->second);
    to_report_.erase(to_report_.begin());
    ++reported_;
    if (next) next();
  }
  changed_.notify_all();
}

void CheckSet::keep_making(const std::function<std::optional<Job>()>& next) {
  const HoldsBaton holds(baton_);
  try {
    while (const std::optional<Job> job = take(next)) {
      const std::size_t number = taken_++;
      Report made = make(*job);
      stores_.wait(SharedStores::Patience::some);
      report(number, std::move(made));
    }
  } catch (...) { fail(); }
}

CheckSet::Report CheckSet::make(const Job& job) {
  baton_.wait(changed_, [&] { return !in_work_.contains(job.alone_by); });
  in_work_.insert(job.alone_by);
  struct Leaves {
    CheckSet& set;
    const std::string& text;
    ~Leaves() {
      set.in_work_.erase(text);
      set.changed_.notify_all();
    }
  } const leaves{*this, job.alone_by};
  return job.make();
}

void CheckSet::run(std::size_t at_once, const std::function<std::optional<Job>()>& next) {
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < at_once; ++i) threads.emplace_back([&] { keep_making(next); });
  }

  // Where the set ended early, what was finished behind a gap is still to be reported.
  const HoldsBaton holds(baton_);
  try {
    stores_.wait();
    for (const auto& [number, made] : std::exchange(to_report_, {})) {
      if (made) made();
    }
  } catch (...) { fail(); }
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace heretix
