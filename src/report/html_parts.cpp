#include "report/html_parts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace heretix::html {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr double kLeft = 310, kWidth = 560, kRow = 24;  // SVG units

double x_of(Probability p) { return kLeft + kWidth * p.value(); }

std::string axis(double top, double bottom) {
  std::string out;
  for (const double tick : {0.0, 0.25, 0.5, 0.75, 1.0}) {
    const double x = kLeft + kWidth * tick;
    out += fmt::format(
        "<line x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2}\" stroke=\"var(--line)\"/>"
        "<text class=\"soft\" x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4:g}</text>",
        x, top, bottom, bottom + 16, tick);
  }
  return out;
}

std::string dot(Probability p, double y, bool filled) {
  const char* fill = filled ? "var(--blue)" : "none";
  return fmt::format(
      "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill=\"{}\" stroke=\"var(--blue)\" stroke-width=\"1.5\"/>", x_of(p),
      y, filled ? 5 : 4, fill);
}

std::string bar(const Interval& i, double y, double height) {
  return fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" rx=\"3\" fill=\"var(--orange)\" "
      "opacity=\"0.35\"/>",
      x_of(i.low), y - height / 2, std::max(1.0, x_of(i.high) - x_of(i.low)), height);
}

std::string diamond(Probability p, double y) {
  return fmt::format("<path d=\"M{0:.1f} {1:.1f}l7 7 -7 7 -7 -7z\" fill=\"var(--orange)\"/>", x_of(p), y - 7);
}

std::string row(const Record& r, const TemplateResult& t, double y) {
  const std::string wording =
      replaced(r.bank.paraphrases[static_cast<std::size_t>(t.paraphrase_idx)], "<claim>{CLAIM}</claim>", "…");
  std::string out = fmt::format("<text x=\"0\" y=\"{:.1f}\">{} · {}</text>", y + 4, t.paraphrase_idx,
                                escaped(shortened(on_one_line(wording), 36)));
  for (const Probability p : t.probabilities) out += dot(p, y, false);
  if (t.mean) return out + dot(to_probability(*t.mean), y, true);
  return out + fmt::format("<text class=\"soft\" x=\"{}\" y=\"{:.1f}\">no usable answer</text>", kLeft + 8, y + 4);
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto bad = first_invalid_utf8(text.substr(i));
    const std::string_view good = text.substr(i, bad.value_or(std::string_view::npos));
    for (const char c : good) {
      if (c == '&') out += "&amp;";
      else if (c == '<') out += "&lt;";
      else if (c == '>') out += "&gt;";
      else if (c == '"') out += "&quot;";
      else if (c == '\'') out += "&#39;";
      else if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') out += kReplacement;
      else out += c;
    }
    if (!bad) break;
    out += kReplacement;
    i += *bad;
  }
  return out;
}

std::string estimate_picture(const Record& r) {
  std::string out =
      fmt::format("<svg viewBox=\"{} 0 {} 62\" role=\"img\" aria-label=\"estimate {:.2f} on the scale from 0 to 1\">",
                  kLeft - 20, kWidth + 40, r.estimate.p.value());
  out += axis(8, 40);
  if (r.honest.bounds) out += bar(r.honest.bounds->interval, 24, 18);
  return out + diamond(r.estimate.p, 24) + "</svg>";
}

std::string forest_picture(const Record& r) {
  const double bottom = kRow * static_cast<double>(r.templates.size() + 1) + 8;
  std::string out = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"answers by template\">",
                                kLeft + kWidth + 20, bottom + 24);
  out += axis(4, bottom);
  double y = kRow / 2 + 4;
  for (const TemplateResult& t : r.templates) {
    out += row(r, t, y);
    y += kRow;
  }
  if (r.honest.bounds) out += bar(r.honest.bounds->interval, y, 14);
  out += diamond(r.estimate.p, y) +
         fmt::format("<text x=\"0\" y=\"{:.1f}\">estimate {:.2f}</text></svg>\n", y + 4, r.estimate.p.value());
  return out;
}

}  // namespace heretix::html
