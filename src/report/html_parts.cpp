#include "report/html_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "base/columns.hpp"
#include "base/html_text.hpp"
#include "base/random.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "report/mock_mark.hpp"

namespace heretix::html {
namespace {

// The colours are in the palette, which the page of the service uses too.
constexpr std::string_view kStyle = R"(
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--text);font:16px/1.55 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:2rem 1rem 4rem}h1{font-size:1.7rem;line-height:1.25;margin:0 0 .4rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2.2rem 0 .7rem}p{margin:.4rem 0}.soft{color:var(--quiet)}.big{font-size:2.6rem;font-weight:650;line-height:1.1;color:var(--measure)}.big.words{font-size:1.7rem;line-height:1.25;color:var(--text)}
svg{width:100%;height:auto;display:block}svg text{fill:var(--text);font:13px system-ui,sans-serif}svg .soft{fill:var(--quiet)}
table{border-collapse:collapse;width:100%;font-size:.92rem}th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid var(--line)}
th{font-weight:600}.wrap{overflow-x:auto}.wrap table{min-width:42rem}pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;font:13px/1.45 ui-monospace,monospace}
.panel{background:var(--raised);border:1px solid var(--line);border-radius:.6rem;padding:1.1rem 1.3rem;margin:1rem 0}.fail{color:var(--attention);font-weight:650}.pass{color:var(--measure);font-weight:650}
.notice{border:2px solid var(--attention);border-radius:.6rem;padding:.6rem 1rem;margin:0 0 1.2rem;font-weight:650}
details{margin:.4rem 0}summary{cursor:pointer}td.num{font-variant-numeric:tabular-nums;white-space:nowrap}
a{color:var(--measure)}.square{max-width:34rem}.strip{max-width:50rem;overflow:visible;margin-top:.6rem}.wide svg{min-width:40rem}
@media(max-width:40rem){.strip text{font-size:22px}}
@media print{:root{color-scheme:light}*{print-color-adjust:exact}details::details-content{content-visibility:visible;block-size:auto}svg,tr{break-inside:avoid}}
)";

constexpr double kLeft = 330, kWidth = 540, kRow = 24, kLine = 16;  // SVG units
constexpr std::size_t kLabelColumns = 46;

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

// Shapes as everywhere: a small pale dot is an answer, a circle a wording, a diamond the belief, a bar its interval.
std::string answer_dot(Probability p, double y) {
  return fmt::format(
      "<circle class=\"answer\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\" fill=\"var(--measure)\" opacity=\"0.4\"/>",
      x_of(p), y);
}

std::string wording_circle(Probability p, double y) {
  return fmt::format(
      "<circle class=\"wording\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"6\" fill=\"var(--measure)\" stroke=\"var(--ground)\" "
      "stroke-width=\"1.5\"/>",
      x_of(p), y);
}

std::string bar(const Interval& i, double top, double height) {
  return fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"3\" fill=\"var(--measure-soft)\" "
      "opacity=\"0.75\"/>",
      x_of(i.low), top, std::max(1.0, x_of(i.high) - x_of(i.low)), height);
}

std::string belief_text(const Record& r) {
  if (r.agreement.is_stable == false) return "no stable belief";
  return fmt::format("belief {:.2f}", r.belief.p().value());
}

struct Label {
  std::vector<std::string> lines;
  double height() const { return std::max(kRow, kLine * static_cast<double>(lines.size()) + 8); }

  // Around `y`, its middle.
  std::string drawn(double y) const {
    double line = y + 4 - kLine * static_cast<double>(lines.size() - 1) / 2;
    std::string out;
    for (const std::string& text : lines) {
      out += fmt::format("<text x=\"0\" y=\"{:.1f}\">{}</text>", line, escaped(text));
      line += kLine;
    }
    return out;
  }
};

Label label_of(const Record& r, const TemplateResult& t) {
  const std::string wording =
      replaced(r.bank.paraphrases[static_cast<std::size_t>(t.paraphrase_idx)], {"<claim>{CLAIM}</claim>", "…"});
  return {wrapped(fmt::format("{} · {}", shown_number(t.paraphrase_idx), on_one_line(wording)), kLabelColumns)};
}

std::string marks_of(const TemplateResult& t, double y) {
  std::string out;
  for (const Probability p : t.probabilities) out += answer_dot(p, y);
  if (t.value) return out + wording_circle(to_probability(*t.value), y);
  return out + fmt::format("<text class=\"soft\" x=\"{}\" y=\"{:.1f}\">no usable answer</text>", kLeft + 8, y + 4);
}

// As a content policy names it.
std::string hash_of(std::string_view script) {
  const Digest digest = sha256(script);
  return "sha256-" + to_base64(std::string(digest.begin(), digest.end()));
}

}  // namespace

std::string to_html(const Page& page) {
  const bool is_mock = !page.notice.empty();
  const std::string marked = is_mock ? fmt::format("({}) {}", kMockWord, page.title) : page.title;
  const std::string panel =
      is_mock ? fmt::format("<p class=\"notice\" role=\"note\">{}</p>\n", escaped(page.notice)) : "";
  const std::string script = page.script.empty() ? "" : fmt::format("<script>{}</script>", page.script);
  const std::string allowed = page.script.empty() ? "" : fmt::format("; script-src '{}'", hash_of(page.script));
  return fmt::format(
             "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
             "content=\"width=device-width,initial-scale=1\">"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'{}\">"
             "<title>{} · Heretix</title><style>{}</style></head><body><main>\n",
             allowed, escaped(shortened(marked, 80)),
             std::string(kPalette) + std::string(kStyle) + std::string(page.style)) +
         panel + page.body +
         "<h2>What this does not say</h2><p>It measures what the model states when asked in many wordings, not whether "
         "the claim is true. "
         "No source was consulted. Another model, another version or another prompt bank can answer "
         "otherwise.</p>\n</main>" +
         script + "</body></html>\n";
}

std::string standalone_svg(std::string svg) {
  static const std::regex light(R"(--([\w-]+): light-dark\((#[0-9a-f]+),)");
  const std::string palette(kPalette);
  for (std::sregex_iterator at(palette.begin(), palette.end(), light), end; at != end; ++at)
    svg = replaced(svg, {fmt::format("var(--{})", (*at)[1].str()), (*at)[2].str()});
  return svg;
}

std::string belief_diamond(const Record& r, double x, double y) {
  const char* fill = r.agreement.is_stable == false ? "none" : "var(--text)";
  return fmt::format(
      "<path class=\"belief\" d=\"M{:.1f} {:.1f}l7 7 -7 7 -7 -7z\" fill=\"{}\" stroke=\"var(--text)\" "
      "stroke-width=\"2\"/>",
      x, y - 7, fill);
}

std::string forest_picture(const Record& r) {
  std::vector<TemplateResult> rows = r.templates;
  std::ranges::sort(rows, {}, &TemplateResult::paraphrase_idx);
  std::vector<Label> labels;
  double rows_end = 4;
  for (const TemplateResult& t : rows) {
    labels.push_back(label_of(r, t));
    rows_end += labels.back().height();
  }
  const double bottom = rows_end + kRow + 4;

  std::string out = fmt::format(
      "<div class=\"wrap wide\"><svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"answers by template\">",
      kLeft + kWidth + 20, bottom + 24);
  if (const auto interval = r.belief.interval()) out += bar(*interval, 4, bottom - 4);
  out += axis(4, bottom);

  double top = 4;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double middle = top + labels[i].height() / 2;
    out += labels[i].drawn(middle) + marks_of(rows[i], middle);
    top += labels[i].height();
  }

  const double last = rows_end + kRow / 2;
  return out + belief_diamond(r, x_of(r.belief.p()), last) +
         fmt::format("<text x=\"0\" y=\"{:.1f}\">{}</text></svg></div>\n", last + 4, belief_text(r));
}

std::string models_picture(const std::vector<Record>& records) {
  std::vector<Label> labels;
  double bottom = 4;
  for (const Record& r : records) {
    labels.push_back({wrapped(on_one_line(shown_model(r)), kLabelColumns)});
    bottom += labels.back().height();
  }
  bottom += 4;

  std::string out =
      fmt::format("<div class=\"wrap wide\"><svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"beliefs by model\">",
                  kLeft + kWidth + 20, bottom + 24);
  out += axis(4, bottom);

  double top = 4;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Record& r = records[i];
    const double middle = top + labels[i].height() / 2;
    out += labels[i].drawn(middle);
    if (const auto interval = r.belief.interval()) out += bar(*interval, middle - 6, 12);
    for (const TemplateResult& t : r.templates) {
      if (t.value) out += answer_dot(to_probability(*t.value), middle);
    }
    out += belief_diamond(r, x_of(r.belief.p()), middle);
    top += labels[i].height();
  }
  return out + "</svg></div>\n";
}

}  // namespace heretix::html
