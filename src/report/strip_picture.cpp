// The picture of a check: every wording a point over one scale, the interval behind the points, the belief on the line,
// and below the line where the model contradicts itself. The page draws the same (web/src/parts/strip.tsx), and
// web/README.md says why it looks like this.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/html_text.hpp"
#include "base/text.hpp"
#include "belief/record/contradictions.hpp"
#include "report/html_parts.hpp"

namespace heretix::html {
namespace {

// SVG units.
constexpr double kStripLeft = 16, kStripWidth = 568, kStripTop = 22, kFoot = 14, kPitch = 15, kHighest = 165,
                 kRopes = 72, kPointRadius = 6;
constexpr double kPointShare = 0.026;  // of the scale
constexpr std::size_t kLeastLevels = 3;

double strip_x(double p) { return kStripLeft + kStripWidth * p; }

struct Placed {
  const TemplateResult* wording;
  double p;
  std::size_t level;  // from 0, above the line
};

// Points that would cover each other are piled up.
std::vector<Placed> piled(const Record& r) {
  std::vector<Placed> placed;
  for (const TemplateResult& t : r.templates) {
    if (t.value) placed.push_back({&t, to_probability(*t.value).value(), 0});
  }
  std::ranges::stable_sort(placed, {}, &Placed::p);

  std::vector<double> ends;  // the last point of every level
  for (Placed& point : placed) {
    const auto free = std::ranges::find_if(ends, [&](double end) { return point.p - end >= kPointShare; });
    point.level = static_cast<std::size_t>(free - ends.begin());
    if (free == ends.end()) ends.push_back(point.p);
    else *free = point.p;
  }
  return placed;
}

std::string rectangle(double from, double to, double top, double bottom, const char* color, double opacity) {
  return fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"var({})\" opacity=\"{}\"/>",
      strip_x(from), top, std::max(1.0, kStripWidth * (to - from)), bottom - top, color, opacity);
}

std::string words(double x, double y, const char* anchor, const std::string& text) {
  return fmt::format("<text class=\"soft\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>", x, y, anchor,
                     escaped(text));
}

std::string counts(const Agreement& a) {
  std::string out = words(strip_x(0), kStripTop - 8, "start", count_in_words(a.say_false, "false"));
  if (a.undecided > 0) out += words(strip_x(0.5), kStripTop - 8, "middle", fmt::format("{} undecided", a.undecided));
  return out + words(strip_x(1), kStripTop - 8, "end", count_in_words(a.say_true, "true"));
}

// A square for a wording that contradicts itself.
std::string point(const Record& r, const Placed& placed, double y, bool contradicts) {
  const std::string wording = replaced(r.bank.paraphrases[static_cast<std::size_t>(placed.wording->paraphrase_idx)],
                                       {"<claim>{CLAIM}</claim>", "…"});
  const std::string title =
      escaped(fmt::format("{} · {}: {:.2f}", shown_number(placed.wording->paraphrase_idx), wording, placed.p));
  if (contradicts)
    return fmt::format(
        "<rect class=\"both\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" rx=\"2\" fill=\"var(--attention)\" "
        "stroke=\"var(--raised)\" stroke-width=\"1.5\"><title>{}</title></rect>",
        strip_x(placed.p) - kPointRadius, y - kPointRadius, 2 * kPointRadius, 2 * kPointRadius, title);
  return fmt::format(
      "<circle class=\"point\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill=\"var(--measure)\" stroke=\"var(--raised)\" "
      "stroke-width=\"1.5\"><title>{}</title></circle>",
      strip_x(placed.p), y, kPointRadius, title);
}

// Hangs from one place on the line to another; that between the wordings is thick and goes deepest.
std::string rope(const Contradiction& one, double line) {
  const bool is_between = one.kind == Contradiction::Kind::wordings;
  const double depth = kRopes * (is_between ? 1.25 : 0.45 + 0.75 * std::abs(one.to - one.from));
  std::string out = fmt::format(
      "<path class=\"rope\" d=\"M{0:.1f} {2:.1f}C{0:.1f} {3:.1f} {1:.1f} {3:.1f} {1:.1f} {2:.1f}\" fill=\"none\" "
      "stroke=\"var(--attention)\" stroke-width=\"{4}\" opacity=\"{5}\"/>",
      strip_x(one.from), strip_x(one.to), line, line + depth, is_between ? 3.0 : 1.5, is_between ? 1.0 : 0.75);
  for (const double end : {one.from, one.to})
    out += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\" fill=\"var(--attention)\"/>", strip_x(end), line);
  return out;
}

std::string scale(double y) {
  return words(strip_x(0), y, "start", "0 false") + words(strip_x(0.25), y, "middle", "0.25") +
         words(strip_x(0.5), y, "middle", "0.5") + words(strip_x(0.75), y, "middle", "0.75") +
         words(strip_x(1), y, "end", "1 true");
}

std::string told(const Record& r, const std::vector<std::string>& sentences) {
  std::string text = r.agreement.is_stable == false ? "no stable belief, centre" : "belief";
  text += fmt::format(" {:.2f}", r.belief.p().value());
  if (const auto interval = r.belief.interval())
    text += fmt::format(", from {:.2f} to {:.2f}", interval->low.value(), interval->high.value());
  text += fmt::format("; of the wordings {}, {}, {} undecided.", count_in_words(r.agreement.say_true, "true"),
                      count_in_words(r.agreement.say_false, "false"), r.agreement.undecided);
  for (const std::string& sentence : sentences) text += " " + sentence;
  return text;
}

}  // namespace

std::string strip_picture(const Record& r) {
  const std::vector<Placed> placed = piled(r);
  const std::vector<Contradiction> found = contradictions_of(r);
  const std::vector<std::string> sentences = contradictions_in_words(r, found);

  std::size_t levels = kLeastLevels;
  for (const Placed& one : placed) levels = std::max(levels, one.level + 1);
  const double pitch = std::min(kPitch, kHighest / static_cast<double>(levels));
  const double line = kStripTop + pitch * static_cast<double>(levels) + kFoot;
  const double bottom = line + (found.empty() ? 0 : kRopes);

  std::string body = rectangle(0, kLikelyFalse, kStripTop, line, "--line", 0.22) +
                     rectangle(kLikelyTrue, 1, kStripTop, line, "--line", 0.22) + counts(r.agreement);
  if (const auto interval = r.belief.interval())
    body += rectangle(interval->low.value(), interval->high.value(), kStripTop, line, "--measure-soft", 0.75);
  body += fmt::format(
      "<line x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" stroke=\"var(--quiet)\" stroke-dasharray=\"3 3\"/>"
      "<line x1=\"{3:.1f}\" y1=\"{2:.1f}\" x2=\"{4:.1f}\" y2=\"{2:.1f}\" stroke=\"var(--quiet)\" stroke-width=\"2\"/>",
      strip_x(0.5), kStripTop, line, strip_x(0), strip_x(1));

  std::set<int> contradicting;
  for (const Contradiction& one : found) {
    body += rope(one, line);
    if (one.paraphrase_idx) contradicting.insert(*one.paraphrase_idx);
  }
  for (const Placed& one : placed)
    body += point(r, one, line - kFoot - pitch * static_cast<double>(one.level),
                  contradicting.contains(one.wording->paraphrase_idx));
  body += belief_diamond(r, strip_x(r.belief.p().value()), line) + scale(bottom + 18);

  std::string out =
      fmt::format("<svg class=\"strip\" viewBox=\"0 0 {} {:.1f}\" role=\"img\" aria-label=\"{}\">{}</svg>",
                  kStripWidth + 2 * kStripLeft, bottom + 26, escaped(told(r, sentences)), body);
  for (const std::string& sentence : sentences) out += fmt::format("<p class=\"fail\">{}</p>", escaped(sentence));
  if (sentences.empty() && placed.size() > 1)
    out += fmt::format("<p>No contradiction: {} wordings, and none says the opposite of another.</p>", placed.size());
  return out;
}

}  // namespace heretix::html
