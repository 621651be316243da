#include "cli/progress_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/columns.hpp"
#include "base/money.hpp"
#include "base/text.hpp"
#include "belief/record/record.hpp"
#include "cli/terminal.hpp"

namespace heretix {
namespace {

using Draws = StatusLine::Draws;

constexpr std::size_t kBarColumns = 20;
constexpr std::size_t kShortBarColumns = 10;
constexpr std::size_t kColumnsForLongBar = 80;
constexpr std::size_t kLeastColumnsForWording = 30;
constexpr TimeLeft::Time kBetweenEvents{0.5};  // while no answer comes

std::string estimate_so_far(const Plan& plan, const std::vector<std::optional<Answer>>& answers) {
  const auto found = belief_of(plan, answers);
  if (!found) return "p …";
  const auto interval = found->interval();
  if (!interval) return fmt::format("p {:.2f}", found->p().value());
  return fmt::format("p {:.2f} [{:.2f}, {:.2f}]", found->p().value(), interval->low.value(), interval->high.value());
}

struct Reached {
  std::size_t done = 0, all = 0;
};

std::string bar(const Reached& reached, std::size_t columns) {
  const std::size_t width = columns < kColumnsForLongBar ? kShortBarColumns : kBarColumns;
  const std::size_t filled = reached.all == 0 ? 0 : width * std::min(reached.done, reached.all) / reached.all;
  return fmt::format("[{}{}]", std::string(filled, '#'), std::string(width - filled, ' '));
}

// A part of the line. Where there is no room for all, those with the highest number are left out first.
struct Part {
  std::string text;
  int can_be_missed = 0;
};

// The parts in so many columns, and in what room they leave as much of `last` as fits.
std::string joined_to_fit(std::vector<Part> parts, std::size_t columns, const std::string& last = {}) {
  std::erase_if(parts, [](const Part& part) { return part.text.empty(); });
  const auto joined = [&] {
    std::string line;
    for (const Part& part : parts) line += (line.empty() ? "" : "  ") + part.text;
    return line;
  };
  const std::size_t room = last.empty() ? columns : columns - std::min(columns, kLeastColumnsForWording);
  while (parts.size() > 1 && display_width(joined()) > room)
    parts.erase(std::ranges::max_element(parts, {}, &Part::can_be_missed));
  return cut_to(joined() + (last.empty() ? "" : "  " + last), columns);
}

std::string if_any(std::size_t count, const char* what) { return count == 0 ? "" : fmt::format("{} {}", count, what); }

// What is sent beside a wording is the same for all of them.
std::string wording_of(const Plan& asked, std::size_t question) {
  const std::string text = on_one_line(trimmed(split(asked.questions[question].user_text, '\n').front()));
  return "asking: " + text;
}

std::map<std::size_t, double> sizes_of(const Plan& asked, const std::vector<std::size_t>& questions) {
  std::map<std::size_t, double> sizes;
  for (const std::size_t question : questions)
    sizes[question] = static_cast<double>(asked.questions[question].user_text.size());
  return sizes;
}

std::string wait_note(const std::string& why) { return fmt::format("heretix: {}", on_one_line(why)); }

}  // namespace

std::string time_left_in_words(TimeLeft::Time left) {
  const auto seconds = std::llround(std::min(left.count(), 1e9));
  if (seconds < 1) return "";
  if (seconds < 120) return fmt::format("{} s left", seconds);
  const auto minutes = (seconds + 30) / 60;
  if (minutes < 120) return fmt::format("{} min left", minutes);
  return fmt::format("{} h {} min left", minutes / 60, minutes % 60);
}

ProgressLine::ProgressLine(const Plan& plan, const Clock& clock, ShowProgress show)
    : plan_(plan),
      clock_(clock),
      tells_events_(show == ShowProgress::as_events),
      started_(clock.steady()),
      line_(show == ShowProgress::on_terminal && is_terminal(2),
            [this](std::size_t columns) { return text(columns); }) {}

void ProgressLine::clear() {
  line_.print([] {});
}

void ProgressLine::on_open(const Plan& asked, const std::vector<std::size_t>& questions) {
  if (!is_shown()) return;
  line_.change([&] { time_left_.open(since_start(), sizes_of(asked, questions)); });
}

void ProgressLine::on_sent(const Plan& asked, std::size_t question) {
  if (!is_shown()) return;
  const bool is_first = asking_.empty();
  const auto change = [&] {
    time_left_.sent(since_start(), question);
    if (is_first) asking_ = wording_of(asked, question);
  };
  line_.change(change, is_first ? Draws::now : Draws::soon);
}

void ProgressLine::on_came(std::size_t question, bool is_over) {
  if (!is_shown()) return;
  line_.change([&] { time_left_.came(since_start(), question, is_over); });
}

// A model in this process may work for long before its first answer.
void ProgressLine::on_work(const WorkDone& work) {
  if (!is_shown()) return;
  line_.change([&] { time_left_.worked(since_start(), work); });
  if (tells_events_ && since_start() - told_at_ >= kBetweenEvents) tell_event();
}

void ProgressLine::on_progress(const AskProgress& progress, const std::vector<std::optional<Answer>>& answers) {
  if (!is_shown()) return;
  const auto change = [&] {
    progress_ = progress;
    so_far_ = estimate_so_far(plan_, answers);
  };
  line_.change(change, Draws::now);
  if (tells_events_) tell_event();
}

void ProgressLine::tell_event() {
  told_at_ = since_start();
  const auto left = time_left_.left(told_at_);
  const nlohmann::json event = {{"event", "progress"},
                                {"claim", plan_.recipe.claim.text},
                                {"model", plan_.recipe.model},
                                {"questions", progress_.questions},
                                {"answered", progress_.answered},
                                {"from_store", progress_.from_store},
                                {"refused", progress_.refused},
                                {"retries", progress_.retries},
                                {"billed_usd", progress_.billed.dollars()},
                                {"so_far", so_far_},
                                {"seconds_left", left ? nlohmann::json(left->count()) : nlohmann::json(nullptr)}};
  print_aside(event.dump() + "\n");
}

std::string ProgressLine::text(std::size_t columns) const {
  const AskProgress& p = progress_;
  std::vector<Part> parts = {{bar({.done = p.answered, .all = p.questions}, columns), 3},
                             {fmt::format("{}/{}", p.answered, p.questions)}};
  const auto left = time_left_.left(since_start());
  const std::string words = left ? time_left_in_words(*left) : "";
  // A ladder may go on when these are answered.
  const bool may_go_on = plan_.recipe.sampling.ladder && p.questions < plan_.questions.size();
  const Part time{(may_go_on && !words.empty() ? "at least " : "") + words, 1};
  if (p.answered == p.from_store && !asking_.empty()) {
    parts.push_back(time);
    return joined_to_fit(std::move(parts), columns, asking_);
  }

  parts.push_back({so_far_, 2});
  parts.push_back({if_any(p.refused, "refused"), 5});
  parts.push_back({if_any(p.retries, "retries"), 6});
  parts.push_back({p.billed > Usd() ? to_text(p.billed) : "", 4});
  parts.push_back({if_any(p.billing_unknown, "may be billed"), 7});
  parts.push_back(time);
  return joined_to_fit(std::move(parts), columns);
}

void ProgressLine::on_wait(const std::string& why) {
  if (why == last_wait_) return;
  last_wait_ = why;
  line_.print([&] { print_note(wait_note(why)); });
}

// What one check tells the line of its set.
class SetProgressLine::OfCheck final : public AskObserver {
 public:
  OfCheck(SetProgressLine& set, Pace& pace, std::size_t expected)
      : set_(set), pace_(pace), number_(++set.begun_), expected_(expected) {
    set_.line_.change([&] {
      set_.running_.insert(this);
      if (pace_.checks++ == 0) pace_.runs_since = set_.clock_.steady();
    });
  }
  ~OfCheck() override {
    set_.line_.change([&] {
      // What it did not ask is open no more.
      stop_expecting();
      for (const auto& [question, size] : sizes_) pace_.left.came(now(), question, true);
      if (--pace_.checks == 0) pace_.before += set_.clock_.steady() - pace_.runs_since;
      set_.running_.erase(this);
      set_.before_ += progress_;
      ++set_.done_;
    });
  }
  OfCheck(const OfCheck&) = delete;
  OfCheck& operator=(const OfCheck&) = delete;

  const AskProgress& progress() const { return progress_; }

  // What is open counts from the first question that is sent: until then another check may be asked.
  void on_open(const Plan& asked, const std::vector<std::size_t>& questions) override {
    if (!set_.line_.shows()) return;
    sizes_.clear();
    for (const auto& [question, size] : sizes_of(asked, questions)) sizes_[of_set(question)] = size;
    is_open_ = false;
  }
  void on_sent(const Plan& asked, std::size_t question) override {
    if (!set_.line_.shows()) return;
    const bool is_first = set_.asking_.empty();
    const auto change = [&] {
      if (!is_open_) {
        stop_expecting();
        pace_.left.join(now(), sizes_);
      }
      is_open_ = true;
      pace_.left.sent(now(), of_set(question));
      if (is_first) set_.asking_ = wording_of(asked, question);
    };
    set_.line_.change(change, is_first ? Draws::now : Draws::soon);
  }
  void on_came(std::size_t question, bool is_over) override {
    if (!set_.line_.shows()) return;
    set_.line_.change([&] { pace_.left.came(now(), of_set(question), is_over); });
    if (is_over) sizes_.erase(of_set(question));
  }
  void on_work(const WorkDone& work) override {
    if (!set_.line_.shows()) return;
    set_.line_.change([&] { pace_.left.worked(now(), work); });
  }
  void on_progress(const AskProgress& progress, const std::vector<std::optional<Answer>>& /*answers*/) override {
    set_.line_.change([&] { progress_ = progress; });
  }
  void on_wait(const std::string& why) override {
    if (why == set_.last_wait_) return;
    set_.last_wait_ = why;
    set_.line_.print([&] { print_note(wait_note(why)); });
  }

 private:
  TimeLeft::Time now() const { return set_.now_of(pace_); }
  void stop_expecting() {
    pace_.expected -= std::min(pace_.expected, std::exchange(expected_, 0));
    pace_.left.expect(pace_.expected);
  }
  std::size_t of_set(std::size_t question) const { return number_ * kMostQuestions + question; }

  static constexpr std::size_t kMostQuestions = std::size_t{1} << 24;  // of one check

  SetProgressLine& set_;
  Pace& pace_;
  std::size_t number_;
  std::size_t expected_;                 // questions, until the first is sent
  std::map<std::size_t, double> sizes_;  // of its open questions
  bool is_open_ = false;
  AskProgress progress_;
};

SetProgressLine::SetProgressLine(std::size_t checks, std::string unit, const Clock& clock, bool shows)
    : all_(checks),
      unit_(std::move(unit)),
      clock_(clock),
      line_(shows && is_terminal(2), [this](std::size_t columns) { return text(columns); }) {}

void SetProgressLine::expect(const Questions& questions) {
  line_.change([&] {
    Pace& pace = paces_[questions.model];
    pace.expected += questions.count;
    pace.left.expect(pace.expected);
  });
}

std::unique_ptr<AskObserver> SetProgressLine::begin(const Questions& expected) {
  return std::make_unique<OfCheck>(*this, paces_[expected.model], expected.count);
}

TimeLeft::Time SetProgressLine::now_of(const Pace& pace) const {
  return pace.checks == 0 ? pace.before : pace.before + TimeLeft::Time(clock_.steady() - pace.runs_since);
}

AskProgress SetProgressLine::so_far() const {
  AskProgress sum = before_;
  for (const OfCheck* check : running_) sum += check->progress();
  return sum;
}

// The models are asked side by side, so the slowest of them sets the time.
std::optional<TimeLeft::Time> SetProgressLine::time_left() const {
  TimeLeft::Time longest{};
  for (const auto& [model, pace] : paces_) {
    const auto left = pace.left.left(now_of(pace));
    if (!left) return std::nullopt;
    longest = std::max(longest, *left);
  }
  return longest;
}

std::string SetProgressLine::text(std::size_t columns) const {
  const AskProgress sum = so_far();
  const std::size_t fresh = sum.answered - sum.from_store;
  std::vector<Part> parts = {{bar({.done = done_, .all = all_}, columns), 3},
                             {fmt::format("{}/{} {}", done_, all_, unit_)},
                             {if_any(sum.answered, "answers"), 2}};
  if (fresh > 0 || asking_.empty()) {
    parts.push_back({if_any(sum.refused, "refused"), 5});
    parts.push_back({if_any(sum.retries, "retries"), 6});
    parts.push_back({sum.billed > Usd() ? to_text(sum.billed) : "", 4});
    parts.push_back({if_any(sum.billing_unknown, "may be billed"), 7});
  }
  if (const auto left = time_left()) parts.push_back({time_left_in_words(*left), 1});
  return joined_to_fit(std::move(parts), columns, fresh == 0 ? asking_ : "");
}

}  // namespace heretix
