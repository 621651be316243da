#include "report/card.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.hpp"
#include "base/columns.hpp"
#include "base/html_text.hpp"
#include "base/text.hpp"
#include "belief/record/shown_belief.hpp"
#include "report/finding.hpp"
#include "report/html_parts.hpp"
#include "report/mock_mark.hpp"

namespace heretix {
namespace {

using html::escaped;

constexpr double kEdge = 72, kScaleWidth = kCardWidth - 2 * kEdge;  // SVG units, which are pixels
constexpr double kRowsLeft = 410, kRowsWidth = 540;                 // of several models
constexpr double kClaimSize = 50, kClaimLine = 62;
constexpr std::size_t kClaimColumns = 38, kMostClaimLines = 3, kModelColumns = 24;

struct Style {
  double size;
  const char* color = "--text";
  bool is_bold = false;
  const char* anchor = "start";
};

std::string words(double x, double y, const std::string& text, const Style& style) {
  return fmt::format(
      "<text x=\"{:.0f}\" y=\"{:.0f}\" font-size=\"{}\" font-weight=\"{}\" fill=\"var({})\" text-anchor=\"{}\">{}"
      "</text>",
      x, y, style.size, style.is_bold ? 700 : 400, style.color, style.anchor, escaped(text));
}

// Returns the height that the claim takes.
double draw_claim(const std::string& claim, double top, std::string& out) {
  std::vector<std::string> lines = wrapped(on_one_line(claim), kClaimColumns);
  if (lines.size() > kMostClaimLines) {
    lines.resize(kMostClaimLines);
    lines.back() = cut_to(lines.back(), kClaimColumns - 1) + "…";
  }
  for (std::size_t i = 0; i < lines.size(); ++i)
    out += words(kEdge, top + kClaimSize + kClaimLine * static_cast<double>(i), lines[i],
                 {.size = kClaimSize, .is_bold = true});
  return kClaimLine * static_cast<double>(lines.size());
}

// Where a scale from 0 to 1 lies.
struct CardScale {
  double left, width;
};
constexpr CardScale kWhole{kEdge, kScaleWidth}, kOfRows{kRowsLeft, kRowsWidth};

// One record over a scale, with its line at `y`.
std::string drawn_belief(const Record& r, const CardScale& scale, double y) {
  const auto x_of = [&](double p) { return scale.left + scale.width * p; };
  constexpr double kHalf = 22;
  std::string out;
  if (const auto interval = r.belief.interval()) {
    const double from = x_of(interval->low.value()), to = x_of(interval->high.value());
    out += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" rx=\"6\" fill=\"var(--measure-soft)\"/>", from,
        y - kHalf, std::max(3.0, to - from), 2 * kHalf);
  }
  out += fmt::format(
      "<line x1=\"{0:.1f}\" y1=\"{2:.1f}\" x2=\"{1:.1f}\" y2=\"{2:.1f}\" stroke=\"var(--quiet)\" stroke-width=\"3\"/>"
      "<line x1=\"{3:.1f}\" y1=\"{4:.1f}\" x2=\"{3:.1f}\" y2=\"{5:.1f}\" stroke=\"var(--quiet)\" stroke-width=\"2\"/>",
      x_of(0), x_of(1), y, x_of(0.5), y - kHalf, y + kHalf);
  for (const TemplateResult& t : r.templates) {
    if (t.value)
      out += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"8\" fill=\"var(--measure)\" opacity=\"0.55\"/>",
                         x_of(to_probability(*t.value).value()), y);
  }

  const char* fill = r.agreement.is_stable == false ? "none" : "var(--text)";
  return out + fmt::format(
                   "<path d=\"M{:.1f} {:.1f}l15 15 -15 15 -15 -15z\" fill=\"{}\" stroke=\"var(--text)\" "
                   "stroke-width=\"4\"/>",
                   x_of(r.belief.p().value()), y - 15, fill);
}

std::string scale_words(const CardScale& scale, double y) {
  const auto [left, width] = scale;
  const Style style{.size = 24, .color = "--quiet"};
  Style middle = style, end = style;
  middle.anchor = "middle";
  end.anchor = "end";
  return words(left, y, "0 % false", style) + words(left + width / 2, y, "50 %", middle) +
         words(left + width, y, "100 % true", end);
}

std::string drawn_single(const Record& r, double top) {
  const ShownBelief belief = shown(r.belief);
  const bool is_stable = belief.is_stable != false;
  const double y = std::max(top + 110, 360.0);

  std::string range = range_text(belief);
  if (!range.empty() && !is_stable) range = "its wordings lie " + range;
  return words(kEdge, y, is_stable ? percent_text(belief.p.value()) : "No stable belief",
               {.size = is_stable ? 112.0 : 72.0, .color = is_stable ? "--measure" : "--text", .is_bold = true}) +
         words(is_stable ? 400 : kEdge, is_stable ? y - 12 : y + 48, range, {.size = 36}) +
         drawn_belief(r, kWhole, 460) + scale_words(kWhole, 516);
}

std::string drawn_several(const std::vector<Record>& records, double top) {
  const std::size_t shown_rows = std::min(records.size(), kMostOnCard);
  const double room = 520 - top - 30, pitch = std::min(64.0, room / static_cast<double>(shown_rows));
  std::string out;
  double y = top + 20 + pitch / 2;
  for (std::size_t i = 0; i < shown_rows; ++i, y += pitch) {
    const Record& r = records[i];
    const std::string p = r.agreement.is_stable == false ? "unstable" : percent_text(r.belief.p().value());
    out += words(kEdge, y + 9, cut_to(on_one_line(shown_model(r)), kModelColumns), {.size = 26}) +
           drawn_belief(r, kOfRows, y) +
           words(kCardWidth - kEdge, y + 10, p, {.size = 30, .is_bold = true, .anchor = "end"});
  }
  return out + scale_words(kOfRows, 540);
}

std::string footer(const std::vector<Record>& records) {
  const Record& first = records.front();
  std::string text = fmt::format("{} neutral wordings · measured {} · Heretix", first.templates.size(),
                                 utc_day(first.execution.created_at));
  if (records.size() > kMostOnCard) text = fmt::format("and {} more · ", records.size() - kMostOnCard) + text;
  return words(kEdge, kCardHeight - 34, text, {.size = 24, .color = "--quiet"});
}

bool is_any_mock(const std::vector<Record>& records) {
  return std::ranges::any_of(records, [](const Record& r) { return is_mock(r); });
}

}  // namespace

std::string card_in_words(const std::vector<Record>& records) {
  std::string text = fmt::format("“{}”.", on_one_line(records.front().plan.recipe.claim.text));
  for (const Record& r : records) text += " " + finding_of(shown_model(r), shown(r.belief));
  return text;
}

std::string card_svg(const std::vector<Record>& records) {
  const Record& first = records.front();
  const std::string about =
      records.size() == 1 ? "What " + cut_to(on_one_line(shown_model(first)), 60) + " believes" : "What models believe";
  std::string body = words(kEdge, 76, about, {.size = 28, .color = "--quiet"});
  if (is_any_mock(records))
    body += words(kCardWidth - kEdge, 76, "MOCK NUMBERS",
                  {.size = 28, .color = "--attention", .is_bold = true, .anchor = "end"});

  const double top = 96 + draw_claim(first.plan.recipe.claim.text, 96, body);
  body += records.size() == 1 ? drawn_single(first, top) : drawn_several(records, top);
  body += footer(records);

  return html::standalone_svg(fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\" "
      "aria-label=\"{2}\" font-family=\"DejaVu Sans, system-ui, sans-serif\"><rect width=\"{0}\" height=\"{1}\" "
      "fill=\"var(--ground)\"/><rect width=\"14\" height=\"{1}\" fill=\"var(--measure)\"/>{3}</svg>\n",
      kCardWidth, kCardHeight, escaped(card_in_words(records)), body));
}

}  // namespace heretix
