#include "measure/time_left.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <queue>
#include <vector>

namespace heretix {
namespace {

constexpr std::size_t kMostAnswers = 256;  // that are looked back at
constexpr double kNewSpeed = 0.25;         // by so much the rate must differ to count as another speed
constexpr double kShortestSpan = 1e-3;     // seconds
constexpr double kForgetsMost = 0.98;      // of how many were in flight together, with each question
constexpr double kForgets = 0.85;          // of earlier work, with each report of later work
constexpr double kLeastSpread = 0.02;      // of sizes, for their effect to be seen; relative to their mean
constexpr std::size_t kLeastForSizes = 3;  // answers
constexpr std::size_t kFewestAnswers = 2;  // that can show another speed
constexpr double kShortestStretch = 0.9;   // of what the last answer took
constexpr double kMuchLonger = 3;          // times the median
constexpr double kOverdue = 1.3;           // times what an answer took
constexpr std::size_t kMostPlayed = 2000;  // waiting questions whose place is worked out one by one
constexpr double kMostDone = 0.95;         // of a question in flight, however long ago it was sent

// Before the first answer is written: how much longer an output token takes than one of a prompt, of which many go
// through the model together. Measured with the embedded model on two cores.
constexpr double kOutputToPrompt = 3;

double middle_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

// How much of a question was done between two times, if it was done evenly from its sending to its end.
double done_between(TimeLeft::Time begins, TimeLeft::Time until, TimeLeft::Time sent, TimeLeft::Time ends) {
  const double span = std::max((ends - sent).count(), kShortestSpan);
  return std::clamp((std::min(until, ends) - std::max(begins, sent)).count() / span, 0.0, 1.0);
}

}  // namespace

void TimeLeft::Speed::add(const Speed& more) {
  seconds = seconds * kForgets + more.seconds;
  tokens = tokens * kForgets + more.tokens;
}

std::optional<double> TimeLeft::Speed::seconds_each() const {
  return tokens > 0 ? std::optional(seconds / tokens) : std::nullopt;
}

void TimeLeft::open(Time now, const std::map<std::size_t, double>& sizes) {
  open_.clear();
  in_flight_ = 0;
  add_open(sizes);
  if (answered_.empty()) begins_ = now;
  work_ = {};
  taken_ = 0;
  taken_size_ = 0;
  worked_at_.reset();
}

// What a model has worked is told of one run after the other, so it begins anew where none is open.
void TimeLeft::join(Time now, const std::map<std::size_t, double>& sizes) {
  if (open_.empty()) open(now, sizes);
  else add_open(sizes);
}

void TimeLeft::add_open(const std::map<std::size_t, double>& sizes) {
  for (const auto& [question, size] : sizes) {
    open_[question] = {.size = size, .sent = {}};
    sizes_ += size;
    ++questions_;
  }
}

void TimeLeft::sent(Time now, std::size_t question) {
  const auto found = open_.find(question);
  if (found == open_.end() || found->second.sent) return;
  found->second.sent = now;
  ++in_flight_;
  at_once_ = std::max(static_cast<double>(in_flight_), at_once_ * kForgetsMost);
  taken_size_ += found->second.size;
  ++taken_;
}

void TimeLeft::came(Time now, std::size_t question, bool is_over) {
  const auto found = open_.find(question);
  if (found == open_.end()) return;
  const Open was = found->second;
  if (was.sent) --in_flight_;
  if (!is_over) {
    found->second.sent.reset();
    return;
  }
  open_.erase(found);
  if (!was.sent) return;  // another process asked it

  answered_.push_back({.size = was.size, .latency = now - *was.sent, .came = now});
  if (answered_.size() <= kMostAnswers) return;
  begins_ = answered_.front().came;
  answered_.pop_front();
}

void TimeLeft::worked(Time now, const WorkDone& work) {
  const double prompt = work.prompt - work_.prompt, output = work.output - work_.output;
  const bool has_gone_on = prompt > 0 || output > 0;
  if (worked_at_ && has_gone_on) {
    const double seconds = (now - *worked_at_).count();
    if (prompt > 0) prompt_.add({.seconds = seconds, .tokens = prompt});
    else output_.add({.seconds = seconds, .tokens = output});
  }
  if (!worked_at_ || has_gone_on) worked_at_ = now;

  work_ = work;
  has_worked_ = true;
  if (taken_size_ > 0) prompt_by_size_ = work.prompt_all / taken_size_;
  if (taken_ > 0) output_each_ = work.output_all / static_cast<double>(taken_);
}

double TimeLeft::mean_size() const { return questions_ == 0 ? 0 : sizes_ / static_cast<double>(questions_); }

std::optional<TimeLeft::Time> TimeLeft::left(Time now) const {
  if (open_.empty() && later_ == 0) return Time(0);
  return has_worked_ ? left_by_work() : left_by_answers(now);
}

std::optional<TimeLeft::Time> TimeLeft::left_by_work() const {
  const auto prompt_seconds = prompt_.seconds_each();
  if (!prompt_seconds) return std::nullopt;

  // What was taken is known in tokens, and what comes later by its size.
  double prompt = work_.prompt_all - work_.prompt, output = work_.output_all - work_.output;
  for (const auto& [question, open] : open_) {
    if (open.sent) continue;
    prompt += prompt_by_size_ * open.size;
    output += output_each_;
  }
  prompt += static_cast<double>(later_) * prompt_by_size_ * mean_size();
  output += static_cast<double>(later_) * output_each_;

  const double output_seconds = output_.seconds_each().value_or(*prompt_seconds * kOutputToPrompt);
  return Time(std::max(0.0, prompt * *prompt_seconds + output * output_seconds));
}

// The last `count` answers, and those before them that came at the same time as the last: otherwise no time would have
// passed.
TimeLeft::Lately TimeLeft::last_of(std::size_t count) const {
  std::size_t first = answered_.size() - count;
  while (first > 0 && answered_[first - 1].came >= answered_.back().came) --first;

  Lately lately{.first = first, .begins = first == 0 ? begins_ : answered_[first - 1].came};
  Time before = lately.begins;
  for (std::size_t i = first; i < answered_.size(); ++i) {
    lately.longest_gap = std::max(lately.longest_gap, (answered_[i].came - before).count());
    before = answered_[i].came;
  }
  return lately;
}

// Without those that took much longer than most, although their prompt is no longer: a model that had to be loaded, or
// a reply that was held up.
std::vector<TimeLeft::Answered> TimeLeft::usual_of(const Lately& lately) const {
  std::vector<Answered> usual(answered_.begin() + static_cast<std::ptrdiff_t>(lately.first), answered_.end());
  std::vector<double> seconds, sizes;
  for (const Answered& one : usual) {
    seconds.push_back(one.latency.count());
    sizes.push_back(one.size);
  }
  const double usual_seconds = middle_of(seconds), usual_size = middle_of(sizes);
  std::erase_if(usual, [&](const Answered& one) {
    return one.latency.count() > kMuchLonger * usual_seconds && one.size <= kMuchLonger / 2 * usual_size;
  });
  return usual;
}

// Least squares, held between the two extremes: the size does not matter, or nothing else does.
TimeLeft::Cost TimeLeft::cost_of(const Lately& lately) const {
  const std::vector<Answered> usual = usual_of(lately);
  const auto n = static_cast<double>(usual.size());
  double size = 0, seconds = 0;
  for (const Answered& one : usual) {
    size += one.size / n;
    seconds += std::max(one.latency.count(), kShortestSpan) / n;
  }
  double variance = 0, covariance = 0;
  for (const Answered& one : usual) {
    variance += (one.size - size) * (one.size - size) / n;
    covariance += (one.size - size) * (one.latency.count() - seconds) / n;
  }

  Cost cost{.each = seconds};
  if (usual.size() >= kLeastForSizes && size > 0 && std::sqrt(variance) >= kLeastSpread * size) {
    cost.by_size = std::clamp(covariance / variance, 0.0, seconds / size);
    cost.each = seconds - cost.by_size * size;
  }
  double squares = 0;
  for (const Answered& one : usual) squares += std::pow(one.latency.count() - cost.of(one.size), 2);
  cost.spread = std::sqrt(squares / n);
  return cost;
}

// In what a question costs, for each second.
double TimeLeft::rate_of(const Lately& lately, const Cost& cost, Time until) const {
  double done = 0;
  for (std::size_t i = lately.first; i < answered_.size(); ++i) {
    const Answered& one = answered_[i];
    const Time sent = std::min(one.came - one.latency, one.came - Time(kShortestSpan));
    done += cost.of(one.size) * done_between(lately.begins, until, sent, one.came);
  }
  for (const auto& [question, open] : open_) {
    if (!open.sent) continue;
    const Time ends = *open.sent + Time(cost.of(open.size) / kMostDone);
    done += cost.of(open.size) * std::min(kMostDone, done_between(lately.begins, until, *open.sent, ends));
  }
  return done / std::max((until - lately.begins).count(), kShortestSpan);
}

// Answers to questions that were in flight together come close together, so a stretch shorter than one of them takes
// says nothing of the rate.
bool TimeLeft::is_long_enough(const Lately& lately) const {
  const Cost cost = cost_of(lately);
  return (answered_.back().came - lately.begins).count() >= kShortestStretch * cost.of(answered_.back().size);
}

// While a question is in flight, time is work. Where nothing is, a pause as long as earlier ones belongs to the pace
// (of a rate limit): it counts as begun only when what follows it is answered, and only what goes beyond it is time in
// which nothing was done.
TimeLeft::Time TimeLeft::counted_until(Time now, const Lately& lately) const {
  const Time last = answered_.back().came;
  Time goes_on = now;
  for (const auto& [question, open] : open_) {
    if (open.sent) goes_on = std::min(goes_on, *open.sent);
  }
  const double pause = std::max(0.0, (goes_on - last).count());
  return now - Time(std::min(pause, lately.longest_gap));
}

// All answers, or the later half of them where these came at another rate; and so on.
TimeLeft::Lately TimeLeft::lately(Time now) const {
  Lately lately = last_of(answered_.size());
  const Cost cost = cost_of(lately);
  const Time until = counted_until(now, lately);
  for (std::size_t count = answered_.size() / 2; count >= kFewestAnswers; count /= 2) {
    const Lately later = last_of(count);
    if (!is_long_enough(later)) break;
    if (std::abs(rate_of(later, cost, until) / rate_of(lately, cost, until) - 1) > kNewSpeed) lately = later;
  }
  return lately;
}

// The answers alone, those that came just as the time began left out.
double TimeLeft::rate_of_answers(const Lately& lately, const Cost& cost) const {
  double sum = 0;
  for (std::size_t i = lately.first; i < answered_.size(); ++i) {
    if (lately.first == 0 || answered_[i].came > lately.begins) sum += cost.of(answered_[i].size);
  }
  return sum / std::max((answered_.back().came - lately.begins).count(), kShortestSpan);
}

// Whether questions wait for each other at the model: then most have been in flight for longer than an answer took so
// far.
bool TimeLeft::is_queued(Time now, const Cost& cost) const {
  std::size_t in_flight = 0, overdue = 0;
  for (const auto& [question, open] : open_) {
    if (!open.sent) continue;
    ++in_flight;
    if ((now - *open.sent).count() > kOverdue * cost.of(open.size)) ++overdue;
  }
  return overdue > 0 && 2 * overdue > in_flight;
}

// If as many go on being in flight together, and nothing else holds them up.
double TimeLeft::seconds_to_answer_all(Time now, const Cost& cost) const {
  std::priority_queue<double, std::vector<double>, std::greater<>> free_at;
  double last = 0;
  std::vector<double> waiting;
  for (const auto& [question, open] : open_) {
    const double whole = cost.of(open.size);
    if (!open.sent) waiting.push_back(whole);
    else free_at.push(std::max(whole - (now - *open.sent).count(), (1 - kMostDone) * whole));
  }
  while (static_cast<double>(free_at.size()) < std::floor(at_once_)) free_at.push(0);

  // Far from the end it does not matter which one comes last.
  double further = static_cast<double>(later_) * cost.of(mean_size());
  if (waiting.size() > kMostPlayed) further += std::accumulate(waiting.begin() + kMostPlayed, waiting.end(), 0.0);
  if (waiting.size() > kMostPlayed) waiting.resize(kMostPlayed);
  for (const double seconds : waiting) {
    const double ends = free_at.top() + seconds;
    free_at.pop();
    free_at.push(ends);
  }
  const double of_the_slowest = free_at.size() > 1 ? cost.spread / 2 : 0;
  for (; !free_at.empty(); free_at.pop()) last = free_at.top();
  return last + of_the_slowest + further / std::max(1.0, std::floor(at_once_));
}

std::optional<TimeLeft::Time> TimeLeft::left_by_answers(Time now) const {
  if (answered_.empty()) return std::nullopt;
  const Lately seen = lately(now);
  const Cost cost = cost_of(seen);

  double waiting = static_cast<double>(later_) * cost.of(mean_size());
  double in_flight = 0;
  for (const auto& [question, open] : open_) (open.sent ? in_flight : waiting) += cost.of(open.size);

  if (is_queued(now, cost)) {
    const double gap = (now - answered_.back().came).count(), usual = std::min(gap, seen.longest_gap);
    const double span = std::max((answered_.back().came - seen.begins).count(), kShortestSpan);
    const double rate = rate_of_answers(seen, cost) * span / (span + gap - usual);
    return Time(std::max(0.0, (waiting + in_flight) / rate - usual));
  }

  // A rate limit shows in the rate alone.
  const Time until = counted_until(now, seen);
  const double run_down = is_idle() ? (now - until).count() : 0;
  const double by_rate = waiting / std::max(rate_of(seen, cost, until), kShortestSpan) - run_down;
  return Time(std::max({0.0, by_rate, seconds_to_answer_all(now, cost)}));
}

}  // namespace heretix
