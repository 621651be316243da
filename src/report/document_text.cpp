#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/columns.hpp"
#include "base/text.hpp"
#include "report/document.hpp"
#include "report/mock_mark.hpp"

namespace heretix {
namespace {

constexpr std::size_t kColumns = 50;  // of an axis, where there is room
constexpr std::size_t kLeastColumnsOfAxis = 20;
constexpr std::size_t kMostLabel = 48;  // beside a picture
constexpr std::size_t kLeastLabel = 16;
constexpr std::size_t kAroundAxis = 11;  // blanks, the end of the axis and the number behind it
constexpr std::size_t kMostCell = 100;
constexpr std::size_t kLeastCell = 16;  // of a cell whose text is broken into lines

std::string plain(const std::string& text) { return on_one_line(text); }

// Cells on the axis; a later mark covers an earlier one.
class Axis {
 public:
  // NOLINTNEXTLINE(bugprone-easily-swappable-parameters): where it begins, where it ends, in how many columns
  Axis(double from, double to, std::size_t columns = kColumns) : from_(from), to_(to), cells_(columns + 1, "·") {}
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
    return static_cast<std::size_t>(std::lround(place * static_cast<double>(cells_.size() - 1)));
  }
  double from_, to_;
  std::vector<std::string> cells_;
};

// How a table is drawn: the columns of each of its columns, or every row as lines of "header: cell" where they do not
// fit beside each other.
struct TableLayout {
  std::vector<std::size_t> widths;
  bool is_stacked = false;
};

std::size_t longest_word(const std::string& text) {
  std::size_t longest = 0;
  for (const std::string_view word : split(text, ' ')) longest = std::max(longest, display_width(word));
  return longest;
}

std::size_t total_of(const std::vector<std::size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), 2 * widths.size());
}

TableLayout layout_of(const DocumentTable& table, const TextStyle& style) {
  TableLayout layout;
  std::vector<std::size_t> least;
  for (std::size_t c = 0; c < table.header.size(); ++c) {
    std::size_t width = display_width(table.header[c]);
    std::size_t word = longest_word(table.header[c]);
    for (const auto& row : table.rows) {
      width = std::max(width, display_width(row[c]));
      word = std::max(word, longest_word(row[c]));
    }
    layout.widths.push_back(width);
    least.push_back(std::max(word, std::min(width, kLeastCell)));
  }
  if (!style.is_bounded) return layout;

  // The widest column that can still be broken gives way, a column at a time.
  while (total_of(layout.widths) > style.columns) {
    std::size_t widest = layout.widths.size();
    for (std::size_t c = 0; c < layout.widths.size(); ++c) {
      const bool can_shrink = layout.widths[c] > least[c];
      if (can_shrink && (widest == layout.widths.size() || layout.widths[c] > layout.widths[widest])) widest = c;
    }
    if (widest == layout.widths.size()) {
      layout.is_stacked = true;
      return layout;
    }
    --layout.widths[widest];
  }
  return layout;
}

std::string without_blanks_behind(const std::string& line) { return line.substr(0, line.find_last_not_of(' ') + 1); }

// The cells of one row beside each other, each broken into as many lines as it needs.
std::string row_text(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::vector<std::vector<std::string>> lines;
  std::size_t height = 1;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    const bool fits = display_width(cells[c]) <= widths[c];
    lines.push_back(fits ? std::vector<std::string>{cells[c]} : wrapped(cells[c], widths[c]));
    height = std::max(height, lines.back().size());
  }

  std::string text;
  for (std::size_t i = 0; i < height; ++i) {
    std::string line = " ";
    for (std::size_t c = 0; c < cells.size(); ++c)
      line += " " + padded_to(i < lines[c].size() ? lines[c][i] : "", widths[c] + 1);
    text += without_blanks_behind(line) + "\n";
  }
  return text;
}

// The first cell, and below it the others with their headers.
std::string stacked_text(const DocumentTable& table, const TextStyle& style) {
  std::string text;
  for (const auto& row : table.rows) {
    bool is_first = true;
    for (std::size_t c = 0; c < row.size(); ++c) {
      if (row[c].empty()) continue;
      const std::string name = is_first || table.header[c].empty() ? "" : table.header[c] + ": ";
      text += fitted(fmt::format("{}{}{}", is_first ? "  " : "    ", name, row[c]), style.columns) + "\n";
      is_first = false;
    }
  }
  return text;
}

struct TextWriter {
  const TextStyle& style;

  std::string operator()(const Heading& heading) const {
    return "\n" + emphasised(fit(plain(heading.text)), style) + "\n";
  }

  std::string operator()(const Paragraph& paragraph) const {
    const std::string text = fit("  " + plain(paragraph.text)) + "\n";
    return paragraph.soft && style.color ? "\x1b[2m" + text + "\x1b[0m" : text;
  }

  std::string operator()(const DocumentTable& table) const {
    DocumentTable shown{{}, {}};
    for (const std::string& cell : table.header) shown.header.push_back(plain(cell));
    for (const auto& row : table.rows) {
      auto& cells = shown.rows.emplace_back();
      for (const std::string& cell : row) cells.push_back(cut_to(plain(cell), kMostCell));
    }

    const TableLayout layout = layout_of(shown, style);
    if (layout.is_stacked) return stacked_text(shown, style);

    std::string text = emphasised(row_text(shown.header, layout.widths), style);
    for (const auto& row : shown.rows) text += row_text(row, layout.widths);
    return text;
  }

  std::string operator()(const Forest& forest) const {
    std::size_t width = 0;
    for (const auto& row : forest.rows) width = std::max(width, display_width(plain(row.label)));
    width = std::min(width, most_label());
    const std::size_t columns = columns_beside(width);

    std::string text;
    for (const auto& row : forest.rows) {
      Axis axis(forest.from, forest.to, columns);
      if (forest.reference) axis.mark(*forest.reference, "│");
      if (row.low && row.high) axis.span(*row.low, *row.high, row.is_summary ? "═" : "─");
      axis.mark(row.center, row.is_summary ? "◆" : "●");
      text +=
          fmt::format("  {} {} {:>6.2f}\n", padded_to(cut_to(plain(row.label), width), width), axis.text(), row.center);
    }

    const std::string scale =
        fmt::format("  {} {:<{}.4g}{:>6.4g}", std::string(width, ' '), forest.from, columns - 5, forest.to);
    const std::string name = plain(forest.axis);
    if (!style.is_bounded || display_width(scale) + 2 + display_width(name) <= style.columns)
      return text + scale + "  " + name + "\n";
    return text + scale + "\n" + fit("  " + std::string(width + 1, ' ') + name) + "\n";
  }

  std::string operator()(const Picture&) const { return {}; }

  std::string operator()(const Shares& shares) const {
    std::size_t width = 14;
    for (const auto& part : shares.parts)
      width = std::max(width, std::min(display_width(plain(part.label)), most_label()));

    const std::size_t columns = columns_beside(width);
    std::string text;
    for (const auto& part : shares.parts) {
      const double share = std::clamp(part.share, 0.0, 1.0);
      const auto filled = static_cast<std::size_t>(std::lround(share * static_cast<double>(columns)));
      std::string bar;
      for (std::size_t i = 0; i < filled; ++i) bar += "█";
      text += fmt::format("  {} {:>5.1f} % {}\n", padded_to(cut_to(plain(part.label), width), width), 100 * part.share,
                          bar);
    }
    return text;
  }

  std::string operator()(const Curve& curve) const {
    std::string text = fit(fmt::format("  {} (◆ with its band ═ on the scale from 0 to 1), by {}", plain(curve.y_axis),
                                       plain(curve.x_axis))) +
                       "\n";
    for (const auto& point : curve.points) {
      Axis axis(0, 1, columns_beside(5));
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
      Axis axis(-1, std::max(scaled(series.limit) + 0.5, 1.0), columns_beside(9));  // the number behind it is longer
      axis.mark(scaled(series.limit), "│");
      axis.mark(scaled(series.values[i]), "●");
      text += fmt::format("  {:>5} {} {:>10.4g}\n", i + 1, axis.text(), series.values[i]);
    }
    return text + fit(fmt::format("  {}; the line is at {:g}", plain(series.axis), series.limit)) + "\n";
  }

  // What the reference was made of is left out where there is anything else.
  std::string operator()(const Timeline& timeline) const {
    Forest forest{.axis = timeline.axis, .from = 0, .to = 1, .reference = timeline.reference};
    forest.rows.push_back({.label = timeline.reference_label, .center = timeline.reference, .is_summary = true});
    const bool has_more = !std::ranges::all_of(timeline.points, &Timeline::Point::is_reference);
    for (const Timeline::Point& point : timeline.points) {
      if (point.is_reference && has_more) continue;
      forest.rows.push_back({.label = point.label, .center = point.value, .low = point.low, .high = point.high});
    }
    return (*this)(forest);
  }

  // The fullest bin fills the axis.
  std::string operator()(const Histogram& histogram) const {
    std::size_t fullest = 1;
    for (const auto& bin : histogram.bins) fullest = std::max(fullest, bin.count);

    constexpr std::size_t kBinLabel = 18;  // "0.00 to 0.10   123"
    const std::size_t room = columns_beside(kBinLabel);
    std::string text = fit(fmt::format("  {} by {}: █ {}, ░ the others", plain(histogram.counted),
                                       plain(histogram.axis), plain(histogram.marked))) +
                       "\n";
    for (const auto& bin : histogram.bins) {
      const auto columns_of = [&](std::size_t count) {
        return static_cast<std::size_t>(std::lround(static_cast<double>(count * room) / static_cast<double>(fullest)));
      };
      std::string bar;
      for (std::size_t i = 0; i < columns_of(bin.count); ++i) bar += i < columns_of(bin.marked) ? "█" : "░";
      text += fmt::format("  {:.2f} to {:.2f} {:>5} {}\n", bin.from, bin.to, bin.count, bar);
    }
    return text;
  }

  std::string operator()(const Breakdown& breakdown) const {
    std::size_t width = 0;
    for (const auto& part : breakdown.parts) width = std::max(width, display_width(plain(part.label)));
    width = std::min(width, most_label());

    std::string text;
    for (const auto& part : breakdown.parts) {
      Axis axis(0, breakdown.most, columns_beside(width));
      axis.span(std::min(part.from, part.to), std::max(part.from, part.to), part.is_whole ? "█" : "▒");
      if (breakdown.reference) axis.mark(*breakdown.reference, "│");
      text +=
          fmt::format("  {} {} {}\n", padded_to(cut_to(plain(part.label), width), width), axis.text(), amount(part));
    }
    if (!breakdown.reference) return text;
    return text + fit(fmt::format("  {}; │ {}", plain(breakdown.axis), plain(breakdown.reference_label))) + "\n";
  }

  // The longest bar fills the axis; a part that is there has a column at least.
  std::string operator()(const StackedBars& bars) const {
    std::size_t most = 1, width = 0, numbers = 0;
    std::vector<std::string> counts;
    for (const auto& row : bars.rows) {
      most = std::max(most, std::accumulate(row.counts.begin(), row.counts.end(), std::size_t{0}));
      width = std::max(width, display_width(plain(row.label)));
      counts.push_back(fmt::format("{}", fmt::join(row.counts, " / ")));
      numbers = std::max(numbers, counts.back().size());
    }
    width = std::min(width, most_label());

    std::string text = fit(fmt::format("  {}: {}", plain(bars.axis), legend(bars))) + "\n";
    const std::size_t room = columns_beside(width + numbers);
    for (std::size_t i = 0; i < bars.rows.size(); ++i) {
      std::string bar;
      for (std::size_t k = 0; k < bars.kinds.size(); ++k) {
        const std::size_t count = bars.rows[i].counts[k];
        const auto columns = std::lround(static_cast<double>(count * room) / static_cast<double>(most));
        for (long c = 0; c < (count > 0 ? std::max(1L, columns) : 0); ++c) bar += bars.kinds[k].sign;
      }
      text += fmt::format("  {} {:>{}} {}\n", padded_to(cut_to(plain(bars.rows[i].label), width), width), counts[i],
                          numbers, bar);
    }
    return text;
  }

 private:
  // "█ right / ▒ wrong"
  static std::string legend(const StackedBars& bars) {
    std::string text;
    for (const auto& kind : bars.kinds)
      text += fmt::format("{}{} {}", text.empty() ? "" : " / ", kind.sign, kind.label);
    return text;
  }

  std::string fit(const std::string& text) const { return style.is_bounded ? fitted(text, style.columns) : text; }

  // The room for a label beside a picture, which has two columns in five where it cannot be as wide as it wants.
  std::size_t most_label() const {
    if (!style.is_bounded) return kMostLabel;
    const std::size_t room = style.columns - kAroundAxis;
    const std::size_t beside = room > kColumns ? room - kColumns : 0;
    return std::min(kMostLabel, std::max({kLeastLabel, room * 2 / 5, beside}));
  }

  std::size_t columns_beside(std::size_t label) const {
    if (!style.is_bounded) return kColumns;
    const std::size_t taken = label + kAroundAxis;
    const std::size_t room = style.columns > taken ? style.columns - taken : 0;
    return std::clamp(room, kLeastColumnsOfAxis, kColumns);
  }

  // The whole is a number, its parts are added or taken away.
  static std::string amount(const Breakdown::Part& part) {
    return part.is_whole ? fmt::format("{:>7.4f}", part.to) : fmt::format("{:>+7.4f}", part.to - part.from);
  }
};

}  // namespace

std::string table_text(const DocumentTable& table, const TextStyle& style) { return TextWriter{style}(table); }

std::string to_text(const Document& document, const TextStyle& style) {
  std::string title = plain(document.title);
  if (style.is_bounded) title = fitted(title, style.columns);
  std::string text = emphasised(title, style) + "\n";
  if (document.is_mock)
    text += emphasised(style.is_bounded ? fitted(std::string(kMockNotice), style.columns) : std::string(kMockNotice),
                       style) +
            "\n";
  for (const Block& block : document.blocks) text += std::visit(TextWriter{style}, block);
  return text;
}

}  // namespace heretix
