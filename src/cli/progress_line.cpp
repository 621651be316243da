#include "cli/progress_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

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

SetProgressLine::SetProgressLine(std::vector<Check> checks, std::string unit, const Clock& clock, bool shows)
    : checks_(std::move(checks)),
      unit_(std::move(unit)),
      clock_(clock),
      line_(shows && is_terminal(2), [this](std::size_t columns) { return text(columns); }) {
  for (const Check& check : checks_) paces_[check.model].open += check.open;
}

void SetProgressLine::begin(std::size_t check) {
  line_.change([&] {
    current_ = check;
    began_ = clock_.steady();
    is_running_ = true;
    progress_ = {};

    // What is open of this check itself is told by on_open().
    Pace& model = pace();
    model.open -= std::min(model.open, checks_[check].open);
    model.left.expect(model.open);
  });
}

void SetProgressLine::end() {
  line_.change([&] {
    pace().before = now_of_model();
    pace().left.open(pace().before, {});
    is_running_ = false;
    ++done_;
    before_ += progress_;
    progress_ = {};
  });
}

TimeLeft::Time SetProgressLine::now_of_model() const {
  const TimeLeft::Time before = paces_.at(checks_[current_].model).before;
  return is_running_ ? before + TimeLeft::Time(clock_.steady() - began_) : before;
}

void SetProgressLine::on_open(const Plan& asked, const std::vector<std::size_t>& questions) {
  if (!line_.shows()) return;
  line_.change([&] { pace().left.open(now_of_model(), sizes_of(asked, questions)); });
}

void SetProgressLine::on_sent(const Plan& asked, std::size_t question) {
  if (!line_.shows()) return;
  const bool is_first = asking_.empty();
  const auto change = [&] {
    pace().left.sent(now_of_model(), question);
    pace().was_asked = true;
    if (is_first) asking_ = wording_of(asked, question);
  };
  line_.change(change, is_first ? Draws::now : Draws::soon);
}

void SetProgressLine::on_came(std::size_t question, bool is_over) {
  if (!line_.shows()) return;
  line_.change([&] { pace().left.came(now_of_model(), question, is_over); });
}

void SetProgressLine::on_work(const WorkDone& work) {
  if (!line_.shows()) return;
  line_.change([&] { pace().left.worked(now_of_model(), work); });
}

void SetProgressLine::on_progress(const AskProgress& progress, const std::vector<std::optional<Answer>>& /*answers*/) {
  line_.change([&] { progress_ = progress; });
}

void SetProgressLine::on_wait(const std::string& why) {
  if (why == last_wait_) return;
  last_wait_ = why;
  line_.print([&] { print_note(wait_note(why)); });
}

// Checks are measured one after the other, so the times of the models add up.
std::optional<TimeLeft::Time> SetProgressLine::time_left() const {
  TimeLeft::Time sum{};
  for (const auto& [model, pace] : paces_) {
    const bool is_current = is_running_ && model == checks_[current_].model;
    if (!is_current && pace.open == 0) continue;
    const auto left = pace.left.left(is_current ? now_of_model() : pace.before);
    if (!left) return std::nullopt;
    sum += *left;
  }
  return sum;
}

std::string SetProgressLine::text(std::size_t columns) const {
  AskProgress so_far = before_;
  so_far += progress_;
  const std::size_t fresh = so_far.answered - so_far.from_store;
  std::vector<Part> parts = {{bar({.done = done_, .all = checks_.size()}, columns), 3},
                             {fmt::format("{}/{} {}", done_, checks_.size(), unit_)},
                             {if_any(so_far.answered, "answers"), 2}};
  if (fresh > 0 || asking_.empty()) {
    parts.push_back({if_any(so_far.refused, "refused"), 5});
    parts.push_back({if_any(so_far.retries, "retries"), 6});
    parts.push_back({so_far.billed > Usd() ? to_text(so_far.billed) : "", 4});
    parts.push_back({if_any(so_far.billing_unknown, "may be billed"), 7});
  }
  if (const auto left = time_left()) parts.push_back({time_left_in_words(*left), 1});
  return joined_to_fit(std::move(parts), columns, fresh == 0 ? asking_ : "");
}

}  // namespace heretix
