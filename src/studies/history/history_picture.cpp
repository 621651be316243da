// The picture of a history. Each line has a colour and a shape of its own, so that it can be told apart without
// colours.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/clock.hpp"
#include "base/html_text.hpp"
#include "base/text.hpp"
#include "report/mock_mark.hpp"
#include "studies/history/history.hpp"

namespace heretix {
namespace {

using html::escaped;

constexpr double kLeft = 44, kWidth = 680, kRight = 20, kTop = 34, kHeight = 220, kLegendRow = 22;  // SVG units
constexpr double kApart = 4;  // of the lines on one day, so that intervals do not cover each other
constexpr std::size_t kColors = 6, kMostLegend = 90;
constexpr std::int64_t kDay = 86'400;

// A circle, a square, a diamond, two triangles and a bar around that place.
constexpr std::array kShapes = {"M{x:.1f} {y:.1f}m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
                                "M{x:.1f} {y:.1f}m-4.5 -4.5h9v9h-9z",
                                "M{x:.1f} {y:.1f}m0 -6.5l6.5 6.5l-6.5 6.5l-6.5 -6.5z",
                                "M{x:.1f} {y:.1f}m0 -6l6 10.5h-12z",
                                "M{x:.1f} {y:.1f}m0 6l6 -10.5h-12z",
                                "M{x:.1f} {y:.1f}m-6.5 -3h13v6h-13z"};

// Days from the first to the last over the width; a single day stands in the middle.
class Axes {
 public:
  explicit Axes(const BeliefHistory& history) {
    bool is_first = true;
    const auto widen = [&](long long at) {
      const std::int64_t day = at / kDay;
      first_ = is_first ? day : std::min(first_, day);
      last_ = std::exchange(is_first, false) ? day : std::max(last_, day);
    };
    for (const HistoryLine& line : history.lines) {
      for (const HistoryPoint& point : line.points) widen(point.run.created_at);
      for (const HistoryAlarm& alarm : line.alarms) widen(alarm.at);
    }
  }

  double x(long long at) const { return x_of_day(at / kDay); }
  static double y(double p) { return kTop + kHeight * (1 - p); }

  std::string drawn() const {
    std::string out;
    for (const double tick : {0.0, 0.25, 0.5, 0.75, 1.0})
      out += fmt::format(
          "<line x1=\"{0}\" y1=\"{1:.1f}\" x2=\"{2}\" y2=\"{1:.1f}\" stroke=\"var({3})\"/><text class=\"soft\" "
          "fill=\"var(--quiet)\" "
          "x=\"{4}\" y=\"{5:.1f}\" text-anchor=\"end\">{6:g}</text>",
          kLeft, y(tick), kLeft + kWidth, tick == 0.5 ? "--edge" : "--line", kLeft - 8, y(tick) + 4, tick);
    out += day_label(first_, first_ == last_ ? "middle" : "start");
    if (last_ - first_ > 1) out += day_label((first_ + last_) / 2, "middle");
    if (last_ > first_) out += day_label(last_, "end");
    return out;
  }

 private:
  double x_of_day(std::int64_t day) const {
    if (first_ == last_) return kLeft + kWidth / 2;
    const double inner = kWidth - 2 * kLegendRow;
    return kLeft + kLegendRow + inner * static_cast<double>(day - first_) / static_cast<double>(last_ - first_);
  }
  std::string day_label(std::int64_t day, const char* anchor) const {
    return fmt::format(
        "<text class=\"soft\" fill=\"var(--quiet)\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>",
        x_of_day(day), kTop + kHeight + 20, anchor, utc_day(day * kDay));
  }

  std::int64_t first_ = 0, last_ = 0;  // days since 1970
};

struct Place {
  double x, y;
};

std::string shape(std::size_t number, const Place& place, bool is_hollow) {
  const std::size_t color = number % kColors;
  const std::string path = fmt::format(fmt::runtime(kShapes[color]), fmt::arg("x", place.x), fmt::arg("y", place.y));
  return fmt::format("<path d=\"{}\" stroke=\"var(--series-{})\" stroke-width=\"2\" fill=\"var({})\"/>", path,
                     color + 1, is_hollow ? "--raised" : fmt::format("--series-{}", color + 1));
}

std::string told(const HistoryPoint& point) {
  std::string text = fmt::format("{}: {:.2f}", point.day, point.run.belief.p.value());
  if (const auto& interval = point.run.belief.interval)
    text += fmt::format(", {:.2f} to {:.2f}", interval->low.value(), interval->high.value());
  if (point.run.belief.is_stable == false) text += ", no stable belief";
  return text;
}

std::string point_drawn(const HistoryPoint& point, std::size_t number, double x) {
  const std::size_t color = number % kColors + 1;
  std::string out = "<g><title>" + escaped(told(point)) + "</title>";
  if (const auto& interval = point.run.belief.interval)
    out += fmt::format(
        "<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" stroke=\"var(--series-{3})\" "
        "stroke-width=\"3\" opacity=\"0.45\" stroke-linecap=\"round\"/>",
        x, Axes::y(interval->high.value()), Axes::y(interval->low.value()), color);
  out += shape(number, {x, Axes::y(point.run.belief.p.value())}, point.run.belief.is_stable == false);
  return out + "</g>";
}

// A sign above the picture, and a line down from it.
std::string mark_drawn(double x, const char* sign, const std::string& what, const std::string& color) {
  return fmt::format(
      "<g><title>{0}</title><text x=\"{1:.1f}\" y=\"{2}\" text-anchor=\"middle\" fill=\"var({3})\">{4}</text>"
      "<line x1=\"{1:.1f}\" y1=\"{5}\" x2=\"{1:.1f}\" y2=\"{6}\" stroke=\"var({3})\" stroke-dasharray=\"3 3\"/></g>",
      escaped(what), x, kTop - 8, color, sign, kTop - 4, kTop + kHeight);
}

std::string line_drawn(const HistoryLine& line, std::size_t number, std::size_t of, const Axes& axes) {
  const double shift = kApart * (static_cast<double>(number) - static_cast<double>(of - 1) / 2);
  const std::string color = fmt::format("--series-{}", number % kColors + 1);

  std::string path, points, marks;
  for (const HistoryPoint& point : line.points) {
    const double x = axes.x(point.run.created_at) + shift;
    path += fmt::format("{:.1f},{:.1f} ", x, Axes::y(point.run.belief.p.value()));
    points += point_drawn(point, number, x);
    if (!point.answered_before.empty()) marks += mark_drawn(x, "v", "another version: " + point.day, color);
  }
  for (const HistoryAlarm& alarm : line.alarms)
    marks += mark_drawn(axes.x(alarm.at) + shift, "!", "drift alarm of " + alarm.watch, "--attention");

  return marks +
         fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"var({})\" stroke-width=\"1.5\" opacity=\"0.6\"/>",
                     path, color) +
         points;
}

std::string legend_of(const HistoryLine& line, std::size_t number, double y) {
  const HistoryPoint& last = line.points.back();
  const std::string text = fmt::format("{} ({}, {}): {}", shown_model(line.source.model, line.source.is_mock),
                                       line.source.readout, line.source.bank, told(last));
  return shape(number, {kLeft + 8, y - 4}, false) +
         fmt::format("<text fill=\"var(--text)\" x=\"{}\" y=\"{:.1f}\">{}</text>", kLeft + 22, y,
                     escaped(shortened(on_one_line(text), kMostLegend)));
}

std::string in_words(const BeliefHistory& history) {
  std::string words = "What models believe about this claim over time: " + history.claim + ".";
  for (const HistoryLine& line : history.lines)
    words += fmt::format(" {}: {} days, first {}, last {}.", line.source.model, line.points.size(),
                         told(line.points.front()), told(line.points.back()));
  return words;
}

}  // namespace

std::string history_svg(const BeliefHistory& history) {
  const Axes axes(history);
  bool has_versions = false, has_alarms = false;
  std::string lines, legend;
  double y = kTop + kHeight + 48;
  for (std::size_t i = 0; i < history.lines.size(); ++i) {
    const HistoryLine& line = history.lines[i];
    has_alarms = has_alarms || !line.alarms.empty();
    for (const HistoryPoint& point : line.points) has_versions = has_versions || !point.answered_before.empty();
    lines += line_drawn(line, i, history.lines.size(), axes);
    legend += legend_of(line, i, y);
    y += kLegendRow;
  }

  std::string signs = "hollow: no stable belief";
  if (has_versions) signs += "; v: another version of the model";
  if (has_alarms) signs += "; !: drift alarm";
  legend += fmt::format("<text class=\"soft\" fill=\"var(--quiet)\" x=\"{}\" y=\"{:.1f}\">{}</text>", kLeft, y, signs);

  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1:.0f}\" role=\"img\" aria-label=\"{2}\" "
      "font-family=\"system-ui, sans-serif\" font-size=\"13\"><rect width=\"{0}\" height=\"{1:.0f}\" "
      "fill=\"var(--raised)\"/>{3}{4}{5}</svg>\n",
      kLeft + kWidth + kRight, y + 14, escaped(in_words(history)), axes.drawn(), lines, legend);
}

}  // namespace heretix
