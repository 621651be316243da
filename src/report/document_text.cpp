#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "report/document.hpp"
#include "report/mock_mark.hpp"

namespace heretix {
namespace {

constexpr std::size_t kColumns = 50;
constexpr std::size_t kMostLabel = 48;  // beside a picture
constexpr std::size_t kMostCell = 72;

std::string padded(const std::string& text, std::size_t width) {
  const std::size_t points = count_code_points(text);
  return text + std::string(width > points ? width - points : 0, ' ');
}

std::string plain(const std::string& text) { return on_one_line(text); }

// Cells on the axis; a later mark covers an earlier one.
class Axis {
 public:
  Axis(double from, double to) : from_(from), to_(to), cells_(kColumns + 1, "·") {}
  void mark(double x, const std::string& sign) { cells_[column(x)] = sign; }
  void span(double low, double high, const std::string& sign) {
    for (std::size_t i = column(low); i <= column(high); ++i) cells_[i] = sign;
  }
  std::string text() const {
    std::string line;
    for (const std::string& cell : cells_) line += cell;
    return line;
  }

 private:
  std::size_t column(double x) const {
    const double place = std::clamp((x - from_) / (to_ - from_), 0.0, 1.0);
    return static_cast<std::size_t>(std::lround(place * static_cast<double>(kColumns)));
  }
  double from_, to_;
  std::vector<std::string> cells_;
};

struct TextWriter {
  const TextStyle& style;

  std::string operator()(const Heading& heading) const { return "\n" + emphasised(plain(heading.text), style) + "\n"; }

  std::string operator()(const Paragraph& paragraph) const {
    const std::string text = "  " + plain(paragraph.text) + "\n";
    return paragraph.soft && style.color ? "\x1b[2m" + text + "\x1b[0m" : text;
  }

  std::string operator()(const DocumentTable& table) const {
    std::vector<std::size_t> widths;
    for (std::size_t c = 0; c < table.header.size(); ++c) {
      std::size_t width = count_code_points(table.header[c]);
      for (const auto& row : table.rows) width = std::max(width, count_code_points(cell(row[c])));
      widths.push_back(width);
    }
    const auto line = [&](const std::vector<std::string>& cells) {
      std::string text = " ";
      for (std::size_t c = 0; c < cells.size(); ++c) text += " " + padded(cell(cells[c]), widths[c] + 1);
      return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
    };
    std::string text = emphasised(line(table.header), style);
    for (const auto& row : table.rows) text += line(row);
    return text;
  }

  std::string operator()(const Forest& forest) const {
    std::size_t width = 0;
    for (const auto& row : forest.rows) width = std::max(width, count_code_points(shown(row.label)));
    std::string text;
    for (const auto& row : forest.rows) {
      Axis axis(forest.from, forest.to);
      if (forest.reference) axis.mark(*forest.reference, "│");
      if (row.low && row.high) axis.span(*row.low, *row.high, row.is_summary ? "═" : "─");
      axis.mark(row.center, row.is_summary ? "◆" : "●");
      text += fmt::format("  {} {} {:>6.2f}\n", padded(shown(row.label), width), axis.text(), row.center);
    }
    return text + fmt::format("  {} {:<{}.4g}{:>6.4g}  {}\n", std::string(width, ' '), forest.from, kColumns - 5,
                              forest.to, plain(forest.axis));
  }

  std::string operator()(const Shares& shares) const {
    std::string text;
    for (const auto& part : shares.parts) {
      const auto filled = static_cast<std::size_t>(std::lround(std::clamp(part.share, 0.0, 1.0) * kColumns));
      std::string bar;
      for (std::size_t i = 0; i < filled; ++i) bar += "█";
      text += fmt::format("  {} {:>5.1f} % {}\n", padded(shown(part.label), 14), 100 * part.share, bar);
    }
    return text;
  }

  std::string operator()(const Curve& curve) const {
    std::string text = fmt::format("  {} (◆ with its band ═ on the scale from 0 to 1), by {}\n", plain(curve.y_axis),
                                   plain(curve.x_axis));
    for (const auto& point : curve.points) {
      Axis axis(0, 1);
      if (point.low && point.high) axis.span(*point.low, *point.high, "═");
      axis.mark(point.y, "◆");
      text += fmt::format("  {:>5.2f} {} {:>5.2f}\n", point.x, axis.text(), point.y);
    }
    return text;
  }

  std::string operator()(const Series& series) const {
    std::string text;
    const auto scaled = [](double value) { return std::log10(std::max(value, 0.1)); };
    for (std::size_t i = 0; i < series.values.size(); ++i) {
      Axis axis(-1, std::max(scaled(series.limit) + 0.5, 1.0));
      axis.mark(scaled(series.limit), "│");
      axis.mark(scaled(series.values[i]), "●");
      text += fmt::format("  {:>5} {} {:>10.4g}\n", i + 1, axis.text(), series.values[i]);
    }
    return text + fmt::format("  {}; the line is at {:g}\n", plain(series.axis), series.limit);
  }

  // The fullest bin fills the axis.
  std::string operator()(const Histogram& histogram) const {
    std::size_t fullest = 1;
    for (const auto& bin : histogram.bins) fullest = std::max(fullest, bin.count);

    std::string text = fmt::format("  {} by {}: █ {}, ░ the others\n", plain(histogram.counted), plain(histogram.axis),
                                   plain(histogram.marked));
    for (const auto& bin : histogram.bins) {
      const auto columns_of = [&](std::size_t count) {
        return static_cast<std::size_t>(
            std::lround(static_cast<double>(count * kColumns) / static_cast<double>(fullest)));
      };
      std::string bar;
      for (std::size_t i = 0; i < columns_of(bin.count); ++i) bar += i < columns_of(bin.marked) ? "█" : "░";
      text += fmt::format("  {:.2f} to {:.2f} {:>5} {}\n", bin.from, bin.to, bin.count, bar);
    }
    return text;
  }

  std::string operator()(const Breakdown& breakdown) const {
    std::size_t width = 0;
    for (const auto& part : breakdown.parts) width = std::max(width, count_code_points(shown(part.label)));

    std::string text;
    for (const auto& part : breakdown.parts) {
      Axis axis(0, breakdown.most);
      axis.span(std::min(part.from, part.to), std::max(part.from, part.to), part.is_whole ? "█" : "▒");
      if (breakdown.reference) axis.mark(*breakdown.reference, "│");
      text += fmt::format("  {} {} {}\n", padded(shown(part.label), width), axis.text(), amount(part));
    }
    if (!breakdown.reference) return text;
    return text + fmt::format("  {}; │ {}\n", plain(breakdown.axis), plain(breakdown.reference_label));
  }

 private:
  // The whole is a number, its parts are added or taken away.
  static std::string amount(const Breakdown::Part& part) {
    return part.is_whole ? fmt::format("{:>7.4f}", part.to) : fmt::format("{:>+7.4f}", part.to - part.from);
  }

  static std::string cell(const std::string& text) { return shortened(plain(text), kMostCell); }
  static std::string shown(const std::string& text) { return shortened(plain(text), kMostLabel); }
};

}  // namespace

std::string to_text(const Document& document, const TextStyle& style) {
  std::string text = emphasised(plain(document.title), style) + "\n";
  if (document.is_mock) text += emphasised(std::string(kMockNotice), style) + "\n";
  for (const Block& block : document.blocks) text += std::visit(TextWriter{style}, block);
  return text;
}

}  // namespace heretix
