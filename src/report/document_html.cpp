#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/html_text.hpp"
#include "base/text.hpp"
#include "report/document.hpp"
#include "report/html_parts.hpp"
#include "report/mock_mark.hpp"

namespace heretix {
namespace {

using html::escaped;

constexpr double kLabels = 330, kWidth = 540, kRow = 24, kSquare = 360, kMargin = 48;  // SVG units

std::string vertical(double x, double top, double bottom, const char* color) {
  return fmt::format("<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" stroke=\"var({3})\"/>", x, top,
                     bottom, color);
}

std::string label(double x, double y, const std::string& text, const char* anchor = "start") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>", x, y, anchor, escaped(text));
}

std::string soft_label(double x, double y, const std::string& text, const char* anchor = "middle") {
  return fmt::format("<text class=\"soft\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>", x, y, anchor,
                     escaped(text));
}

std::string svg(double width, double height, const std::string& what, const std::string& body) {
  return fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">{}</svg>\n", width, height,
                     escaped(what), body);
}

// A wide picture can be moved sideways on a narrow screen, which would otherwise make its words too small.
std::string wide_svg(double width, double height, const std::string& what, const std::string& body) {
  return "<div class=\"wrap wide\">" + svg(width, height, what, body) + "</div>\n";
}

std::string forest_row(const Forest::Row& row, double y, auto x_of) {
  const char* color = row.is_summary ? "--text" : "--measure";
  std::string out = label(0, y + 4, shortened(on_one_line(row.label), 44));
  if (row.low && row.high)
    out += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" rx=\"3\" fill=\"var({})\" opacity=\"0.4\"/>",
        x_of(*row.low), y - 5, std::max(1.0, x_of(*row.high) - x_of(*row.low)), 10, color);
  if (row.is_summary)
    return out + fmt::format("<path d=\"M{:.1f} {:.1f}l7 7 -7 7 -7 -7z\" fill=\"var({})\"><title>{:.4g}</title></path>",
                             x_of(row.center), y - 7, color, row.center);
  return out +
         fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" fill=\"var({})\"><title>{:.4g}</title></circle>",
                     x_of(row.center), y, color, row.center);
}

// A square picture and what stands below it on the same axis.
std::string square(double height, const std::string& what, const std::string& body) {
  return "<div class=\"square\">" + svg(kSquare + 2 * kMargin, height, what, body) + "</div>\n";
}

double square_x(double x) { return kMargin + kSquare * x; }

std::string box(double x, double y, double width, double height, const char* color, const std::string& title) {
  return fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"var({})\"><title>{}</title></rect>", x,
      y, width, height, color, escaped(title));
}

struct HtmlWriter {
  std::string operator()(const Heading& heading) const { return "<h2>" + escaped(heading.text) + "</h2>\n"; }

  std::string operator()(const Paragraph& paragraph) const {
    return fmt::format("<p{}>{}</p>\n", paragraph.soft ? " class=\"soft\"" : "", escaped(paragraph.text));
  }

  std::string operator()(const DocumentTable& table) const {
    std::string out = "<div class=\"wrap\"><table><tr>";
    for (const std::string& cell : table.header) out += "<th scope=\"col\">" + escaped(cell) + "</th>";
    out += "</tr>\n";
    for (const auto& row : table.rows) {
      out += "<tr>";
      for (const std::string& cell : row) out += "<td>" + escaped(cell) + "</td>";
      out += "</tr>\n";
    }
    return out + "</table></div>\n";
  }

  std::string operator()(const Forest& forest) const {
    const auto x_of = [&](double x) {
      return kLabels + kWidth * std::clamp((x - forest.from) / (forest.to - forest.from), 0.0, 1.0);
    };
    const double bottom = kRow * static_cast<double>(forest.rows.size()) + 8;
    std::string body;
    for (int i = 0; i <= 4; ++i) {
      const double tick = forest.from + (forest.to - forest.from) * i / 4;
      body +=
          vertical(x_of(tick), 4, bottom, "--line") + soft_label(x_of(tick), bottom + 16, fmt::format("{:.3g}", tick));
    }
    if (forest.reference) body += vertical(x_of(*forest.reference), 4, bottom, "--text");
    double y = kRow / 2 + 4;
    for (const auto& row : forest.rows) {
      body += forest_row(row, y, x_of);
      y += kRow;
    }
    body += soft_label(kLabels + kWidth / 2, bottom + 34, forest.axis);
    return wide_svg(kLabels + kWidth + 20, bottom + 44, forest.axis, body);
  }

  std::string operator()(const Picture& picture) const {
    return "<div class=\"wrap wide\">" + picture.svg + "</div>\n";
  }

  std::string operator()(const Shares& shares) const {
    std::string body;
    double y = kRow / 2 + 4;
    for (const auto& part : shares.parts) {
      body +=
          label(0, y + 4, part.label) +
          fmt::format("<rect x=\"{}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"14\" rx=\"3\" fill=\"var(--measure)\"/>",
                      kLabels / 2, y - 7, std::max(1.0, kWidth * std::clamp(part.share, 0.0, 1.0))) +
          label(kLabels / 2 + kWidth * part.share + 8, y + 4, fmt::format("{:.1f} %", 100 * part.share));
      y += kRow;
    }
    return wide_svg(kLabels / 2 + kWidth + 80, y, "shares of the variance", body);
  }

  std::string operator()(const Curve& curve) const {
    const auto x_of = square_x;
    const auto y_of = [](double y) { return 10 + kSquare * (1 - y); };

    // The band is one polygon: along its upper edge to the right, and back along its lower edge.
    std::string band_up, band_down, line, body;
    for (const auto& p : curve.points) {
      line += fmt::format("{:.1f},{:.1f} ", x_of(p.x), y_of(p.y));
      if (!p.low || !p.high) continue;
      band_up += fmt::format("{:.1f},{:.1f} ", x_of(p.x), y_of(*p.high));
      band_down.insert(0, fmt::format("{:.1f},{:.1f} ", x_of(p.x), y_of(*p.low)));
    }

    for (const double tick : {0.0, 0.25, 0.5, 0.75, 1.0}) {
      body += vertical(x_of(tick), y_of(1), y_of(0), "--line") +
              soft_label(x_of(tick), y_of(0) + 16, fmt::format("{:g}", tick)) +
              fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"var(--line)\"/>",
                          x_of(0), y_of(tick), x_of(1), y_of(tick)) +
              soft_label(kMargin - 8, y_of(tick) + 4, fmt::format("{:g}", tick), "end");
    }

    body +=
        fmt::format("<polygon points=\"{}{}\" fill=\"var(--measure-soft)\" opacity=\"0.75\"/>", band_up, band_down) +
        fmt::format(
            "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"var(--quiet)\" "
            "stroke-dasharray=\"4 4\"/>",
            x_of(0), y_of(0), x_of(1), y_of(1)) +
        fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"var(--measure)\" stroke-width=\"2.5\"/>", line) +
        soft_label(kMargin + kSquare / 2, kSquare + 44, curve.x_axis + " (across), " + curve.y_axis + " (up)");

    return square(kSquare + 54, curve.y_axis + " by " + curve.x_axis, body);
  }

  std::string operator()(const Histogram& histogram) const {
    constexpr double kHeight = 110, kTop = 18;
    std::size_t fullest = 1;
    for (const auto& bin : histogram.bins) fullest = std::max(fullest, bin.count);
    const auto height_of = [&](std::size_t count) {
      return kHeight * static_cast<double>(count) / static_cast<double>(fullest);
    };

    std::string body, told;
    const double bottom = kTop + kHeight;
    for (const auto& bin : histogram.bins) {
      if (bin.count == 0) continue;
      const double x = square_x(bin.from) + 1, width = kSquare * (bin.to - bin.from) - 2;
      const double all = height_of(bin.count), marked = height_of(bin.marked);
      const std::string title = fmt::format("{:.2f} to {:.2f}: {} {}, {} {}", bin.from, bin.to, bin.count,
                                            histogram.counted, bin.marked, histogram.marked);
      told += title + "; ";
      body += box(x, bottom - all, width, all - marked, "--measure-soft", title) +
              box(x, bottom - marked, width, marked, "--measure", title);
      body += soft_label(x + width / 2, bottom - all - 4, std::to_string(bin.count));
    }

    body += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"var(--quiet)\"/>",
                        square_x(0), bottom, square_x(1), bottom);
    for (const double tick : {0.0, 0.25, 0.5, 0.75, 1.0})
      body += soft_label(square_x(tick), bottom + 16, fmt::format("{:g}", tick));
    body += soft_label(square_x(0.5), bottom + 36,
                       fmt::format("{} by {}; dark: {}", histogram.counted, histogram.axis, histogram.marked));
    return square(bottom + 46, fmt::format("{} by {}: {}", histogram.counted, histogram.axis, told), body);
  }

  // Grey is given, blue is gained, orange is lost.
  std::string operator()(const Breakdown& breakdown) const {
    constexpr double kBarLeft = kLabels * 0.75, kBarRow = 34;
    const auto x_of = [&](double x) { return kBarLeft + kWidth * std::clamp(x / breakdown.most, 0.0, 1.0); };
    const double bottom = kBarRow * static_cast<double>(breakdown.parts.size()) + 8;

    std::string body, told;
    for (int i = 0; i <= 4; ++i) {
      const double tick = breakdown.most * i / 4;
      body +=
          vertical(x_of(tick), 4, bottom, "--line") + soft_label(x_of(tick), bottom + 16, fmt::format("{:.3g}", tick));
    }

    double y = kBarRow / 2 + 4;
    for (std::size_t i = 0; i < breakdown.parts.size(); ++i) {
      const auto& part = breakdown.parts[i];
      const double low = std::min(part.from, part.to), high = std::max(part.from, part.to);
      const char* color = part.is_whole         ? "--text"
                          : i == 0              ? "--quiet"
                          : part.to < part.from ? "--measure"
                                                : "--attention";
      const std::string amount =
          part.is_whole ? fmt::format("{:.4f}", part.to) : fmt::format("{:+.4f}", part.to - part.from);

      body +=
          label(0, y + 4, part.label) + box(x_of(low), y - 9, std::max(1.0, x_of(high) - x_of(low)), 18, color, amount);
      body += label(x_of(breakdown.most) + 12, y + 4, amount);
      // Where this part ends the next one begins.
      if (i + 1 < breakdown.parts.size())
        body +=
            fmt::format("<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" stroke=\"var(--quiet)\"/>",
                        x_of(part.to), y + 9, y + kBarRow - 9);
      told += fmt::format("{} {}; ", part.label, amount);
      y += kBarRow;
    }

    if (breakdown.reference)
      body += fmt::format(
          "<line x1=\"{0:.1f}\" y1=\"4\" x2=\"{0:.1f}\" y2=\"{1:.1f}\" stroke=\"var(--text)\" stroke-dasharray=\"4 "
          "4\"/>",
          x_of(*breakdown.reference), bottom);
    const std::string dashed = breakdown.reference ? "; dashed: " + breakdown.reference_label : "";
    body += soft_label(kBarLeft + kWidth / 2, bottom + 36, breakdown.axis + dashed);
    return wide_svg(kBarLeft + kWidth + 80, bottom + 46, breakdown.axis + ": " + told, body);
  }

  std::string operator()(const Series& series) const {
    const auto scaled = [](double value) { return std::log10(std::max(value, 0.1)); };
    double top = scaled(series.limit) + 0.5;
    for (const double value : series.values) top = std::max(top, scaled(value));
    const double height = 220;
    const auto y_of = [&](double value) { return 10 + height * (top - scaled(value)) / (top + 1); };
    const double step = (kLabels + kWidth - kMargin) / std::max<double>(1.0, static_cast<double>(series.values.size()));
    std::string line, body;
    for (std::size_t i = 0; i < series.values.size(); ++i)
      line += fmt::format("{:.1f},{:.1f} ", kMargin + step * (static_cast<double>(i) + 0.5), y_of(series.values[i]));
    for (const double tick : {0.1, 1.0, 10.0, 100.0, series.limit})
      body += fmt::format("<line x1=\"{}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\" stroke=\"var({})\"/>", kMargin,
                          y_of(tick), kLabels + kWidth, y_of(tick), tick == series.limit ? "--attention" : "--line") +
              soft_label(kMargin - 6, y_of(tick) + 4, fmt::format("{:g}", tick), "end");
    body += fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"var(--measure)\" stroke-width=\"2\"/>", line) +
            soft_label(kLabels, height + 34, series.axis);
    return wide_svg(kLabels + kWidth + 20, height + 44, series.axis, body);
  }

  // Runs in their order from left to right; those that the reference was made of are soft.
  std::string operator()(const Timeline& timeline) const {
    const double width = kLabels + kWidth, height = 200;
    const double step = (width - kMargin) / static_cast<double>(timeline.points.size());
    const auto x_of = [&](std::size_t i) { return kMargin + step * (static_cast<double>(i) + 0.5); };
    const auto y_of = [&](double p) { return 10 + height * (1 - p); };

    std::string body;
    for (const double tick : {0.0, 0.25, 0.5, 0.75, 1.0}) {
      body += fmt::format("<line x1=\"{}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\" stroke=\"var(--line)\"/>", kMargin,
                          y_of(tick), width, y_of(tick)) +
              soft_label(kMargin - 8, y_of(tick) + 4, fmt::format("{:g}", tick), "end");
    }

    std::string line, marks;
    for (std::size_t i = 0; i < timeline.points.size(); ++i) {
      const Timeline::Point& point = timeline.points[i];
      const char* color = point.is_reference ? "--quiet" : "--measure";
      std::string told = fmt::format("{}: {:.3f}", point.label, point.value);
      if (point.low && point.high) {
        told += fmt::format(", {:.3f} to {:.3f}", *point.low, *point.high);
        marks += fmt::format(
            "<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" stroke=\"var({3})\" stroke-width=\"4\" "
            "opacity=\"0.4\"/>",
            x_of(i), y_of(*point.high), y_of(*point.low), color);
      }
      marks += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\" fill=\"var({})\"><title>{}</title></circle>",
                           x_of(i), y_of(point.value), color, escaped(told));
      line += fmt::format("{:.1f},{:.1f} ", x_of(i), y_of(point.value));
    }

    body +=
        fmt::format(
            "<line x1=\"{}\" y1=\"{:.1f}\" x2=\"{}\" y2=\"{:.1f}\" stroke=\"var(--attention)\" stroke-dasharray=\"6 "
            "4\"><title>{}: {:.3f}</title></line>",
            kMargin, y_of(timeline.reference), width, y_of(timeline.reference), escaped(timeline.reference_label),
            timeline.reference) +
        fmt::format("<polyline points=\"{}\" fill=\"none\" stroke=\"var(--measure)\" opacity=\"0.5\"/>", line) + marks +
        soft_label(kMargin, height + 28, timeline.points.front().label, "start");
    if (timeline.points.size() > 1) body += soft_label(width, height + 28, timeline.points.back().label, "end");
    body +=
        soft_label((kMargin + width) / 2, height + 46,
                   fmt::format("{}; dashed: {}, {:.3f}", timeline.axis, timeline.reference_label, timeline.reference));
    return svg(width + 20, height + 56, timeline.axis, body);
  }

  std::string operator()(const StackedBars& bars) const {
    constexpr double kBarLeft = kLabels * 0.75, kBar = 16, kLegendColumn = 150, kCounts = 240;
    std::size_t most = 1;
    for (const auto& row : bars.rows)
      most = std::max(most, std::accumulate(row.counts.begin(), row.counts.end(), std::size_t{0}));
    const double unit = kWidth / static_cast<double>(most);

    std::string body, told;
    double y = kRow / 2 + 4;
    for (const auto& row : bars.rows) {
      body += label(0, y + 4, shortened(on_one_line(row.label), 32));
      told += row.label + ": ";
      double x = kBarLeft;
      for (std::size_t k = 0; k < row.counts.size(); ++k) {
        if (row.counts[k] == 0) continue;
        const double width = unit * static_cast<double>(row.counts[k]);
        const std::string title = fmt::format("{} {}", row.counts[k], bars.kinds[k].label);
        body += box(x, y - kBar / 2, width, kBar, bars.kinds[k].color.c_str(), title);
        told += title + ", ";
        x += width;
      }
      body += soft_label(x + 8, y + 4, counts_text(row), "start");
      y += kRow;
    }

    double x = kBarLeft;
    for (const auto& kind : bars.kinds) {
      body += box(x, y - 6, 12, 12, kind.color.c_str(), kind.label) + soft_label(x + 18, y + 4, kind.label, "start");
      x += kLegendColumn;
    }
    return wide_svg(kBarLeft + kWidth + kCounts, y + kRow, bars.axis + "; " + told, body);
  }

 private:
  // "12 / 3 / 1"
  static std::string counts_text(const StackedBars::Row& row) {
    return fmt::format("{}", fmt::join(row.counts, " / "));
  }
};

}  // namespace

std::string html_of(const std::vector<Block>& blocks) {
  std::string html;
  for (const Block& block : blocks) html += std::visit(HtmlWriter{}, block);
  return html;
}

std::string to_html(const Document& document) {
  const std::string body = "<h1>" + escaped(document.title) + "</h1>\n" + html_of(document.blocks);
  return html::to_html({.title = document.title, .body = body, .notice = document.is_mock ? kMockNotice : ""});
}

}  // namespace heretix
