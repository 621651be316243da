// How far a measurement has come, for people and for programs: on stderr, as a line if it is a terminal, or as JSON
// lines for a program that reads them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "cli/status_line.hpp"
#include "measure/ask.hpp"
#include "measure/time_left.hpp"

namespace heretix {

enum class ShowProgress { never, on_terminal, as_events };

// Of one run: the estimate so far, retries, money spent and the time left; before the first answer, the wording that is
// being asked.
class ProgressLine final : public AskObserver {
 public:
  ProgressLine(const Plan& plan, const Clock& clock, ShowProgress show);

  void on_progress(const AskProgress& progress, const std::vector<std::optional<Answer>>& answers) override;
  void on_wait(const std::string& why) override;
  void on_open(const Plan& asked, const std::vector<std::size_t>& questions) override;
  void on_sent(const Plan& asked, std::size_t question) override;
  void on_came(std::size_t question, bool is_over) override;
  void on_work(const WorkDone& work) override;
  void clear();  // before anything else is printed

 private:
  std::string text(std::size_t columns) const;
  void tell_event();
  bool is_shown() const { return tells_events_ || line_.shows(); }
  TimeLeft::Time since_start() const { return clock_.steady() - started_; }

  const Plan& plan_;
  const Clock& clock_;
  bool tells_events_;
  std::chrono::steady_clock::time_point started_;
  AskProgress progress_;
  std::string so_far_;
  std::string asking_;  // the first wording, until an answer comes
  TimeLeft time_left_;
  TimeLeft::Time told_at_{};  // the last event
  std::string last_wait_;
  StatusLine line_;  // last, because it draws what stands above
};

// Of all checks of a set: how many are done, answers, money spent and the time left. Not thread-safe, but for the
// drawing.
class SetProgressLine {
 public:
  // How many checks there are; `unit`: "claims" or "checks".
  SetProgressLine(std::size_t checks, std::string unit, const Clock& clock, bool shows);

  // Questions of one model, which has a number of its own.
  struct Questions {
    std::size_t model = 0;
    std::size_t count = 0;
  };
  // So many are to be asked.
  void expect(const Questions& questions);

  // A check begins, of which these of the expected questions are. It ends with the observer that is returned.
  std::unique_ptr<AskObserver> begin(const Questions& expected);
  void print(const std::function<void()>& print) { line_.print(print); }

 private:
  class OfCheck;

  // The pace of one model, by a clock that runs only while it is asked.
  struct Pace {
    TimeLeft left;
    TimeLeft::Time before{};  // of the clock, when it was stopped last
    std::chrono::steady_clock::time_point runs_since{};
    std::size_t checks = 0;    // that are being made
    std::size_t expected = 0;  // questions of checks that have not sent any
  };

  std::string text(std::size_t columns) const;
  std::optional<TimeLeft::Time> time_left() const;
  TimeLeft::Time now_of(const Pace& pace) const;
  AskProgress so_far() const;

  std::size_t all_;
  std::string unit_;
  const Clock& clock_;
  std::map<std::size_t, Pace> paces_;  // by model
  std::set<const OfCheck*> running_;
  std::size_t begun_ = 0;
  std::size_t done_ = 0;
  AskProgress before_;  // of checks that are done
  std::string asking_;  // the first wording
  std::string last_wait_;
  StatusLine line_;  // last, because it draws what stands above
};

// "12 s left", "3 min left", "1 h 20 min left"; empty for less than half a second.
std::string time_left_in_words(TimeLeft::Time left);

}  // namespace heretix
