#include "report/html_parts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/html_text.hpp"
#include "base/text.hpp"

namespace heretix::html {
namespace {

constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--ink:#1c2330;--soft:#5b6576;--paper:#fff;--panel:#f4f6f9;--line:#d7dce4;--blue:#0b62a8;--orange:#b5500a}
@media(prefers-color-scheme:dark){:root{--ink:#e8ecf2;--soft:#a3adbd;--paper:#12161d;--panel:#1b212b;--line:#364152;--blue:#6db7f2;--orange:#f0a15e}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:2rem 1rem 4rem}h1{font-size:1.7rem;line-height:1.25;margin:0 0 .4rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2.2rem 0 .7rem}p{margin:.4rem 0}.soft{color:var(--soft)}.big{font-size:2.6rem;font-weight:650;line-height:1.1}
svg{width:100%;height:auto;display:block}svg text{fill:var(--ink);font:13px system-ui,sans-serif}svg .soft{fill:var(--soft)}
table{border-collapse:collapse;width:100%;font-size:.92rem}th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid var(--line)}
th{font-weight:600}.wrap{overflow-x:auto}.wrap table{min-width:42rem}pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;font:13px/1.45 ui-monospace,monospace}
.panel{background:var(--panel);border-radius:.6rem;padding:1.1rem 1.3rem;margin:1rem 0}.fail{color:var(--orange);font-weight:650}.pass{color:var(--blue);font-weight:650}
details{margin:.4rem 0}summary{cursor:pointer}td.num{font-variant-numeric:tabular-nums;white-space:nowrap}
@media print{details{display:block}.panel{border:1px solid var(--line)}}
)";

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

// Only its outline where there is no stable belief.
std::string diamond(const Record& r, double y) {
  const char* fill = r.agreement.is_stable == false ? "none" : "var(--orange)";
  return fmt::format(
      "<path d=\"M{:.1f} {:.1f}l7 7 -7 7 -7 -7z\" fill=\"{}\" stroke=\"var(--orange)\" stroke-width=\"1.5\"/>",
      x_of(r.belief.p()), y - 7, fill);
}

std::string belief_text(const Record& r) {
  if (r.agreement.is_stable == false) return "no stable belief";
  return fmt::format("belief {:.2f}", r.belief.p().value());
}

std::string row(const Record& r, const TemplateResult& t, double y) {
  const std::string wording =
      replaced(r.bank.paraphrases[static_cast<std::size_t>(t.paraphrase_idx)], {"<claim>{CLAIM}</claim>", "…"});
  std::string out = fmt::format("<text x=\"0\" y=\"{:.1f}\">{} · {}</text>", y + 4, shown_number(t.paraphrase_idx),
                                escaped(shortened(on_one_line(wording), 36)));
  for (const Probability p : t.probabilities) out += dot(p, y, false);
  if (t.value) return out + dot(to_probability(*t.value), y, true);
  return out + fmt::format("<text class=\"soft\" x=\"{}\" y=\"{:.1f}\">no usable answer</text>", kLeft + 8, y + 4);
}

}  // namespace

std::string page(const std::string& title, const std::string& body) {
  return fmt::format(
             "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
             "content=\"width=device-width,initial-scale=1\">"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
             "<title>{} · Heretix</title><style>{}</style></head><body><main>\n",
             escaped(shortened(title, 80)), kStyle) +
         body +
         "<h2>What this does not say</h2><p>It measures what the model states when asked in many wordings, not whether "
         "the claim is true. "
         "No source was consulted. Another model, another version or another prompt bank can answer "
         "otherwise.</p>\n</main></body></html>\n";
}

std::string belief_picture(const Record& r) {
  std::string out = fmt::format("<svg viewBox=\"{} 0 {} 62\" role=\"img\" aria-label=\"{} on the scale from 0 to 1\">",
                                kLeft - 20, kWidth + 40, belief_text(r));
  out += axis(8, 40);
  if (const auto interval = r.belief.interval()) out += bar(*interval, 24, 18);
  return out + diamond(r, 24) + "</svg>";
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
  if (const auto interval = r.belief.interval()) out += bar(*interval, y, 14);
  return out + diamond(r, y) + fmt::format("<text x=\"0\" y=\"{:.1f}\">{}</text></svg>\n", y + 4, belief_text(r));
}

}  // namespace heretix::html
