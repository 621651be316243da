// What a statistic shows: a title and blocks, written once and drawn twice, in the terminal and as one HTML page.
//
// A feature makes a Document of its result; nothing here knows what is measured. Text from outside is escaped when it
// is drawn. Pure.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "report/text.hpp"

namespace heretix {

struct Heading {
  std::string text;
};

struct Paragraph {
  std::string text;
  bool soft = false;  // an explanation, not a result
};

struct DocumentTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  // each as wide as the header
};

// Intervals below each other on one axis.
struct Forest {
  struct Row {
    std::string label;
    double center;
    std::optional<double> low{}, high{};
    bool is_summary = false;
  };
  std::string axis;  // what it measures, with its unit
  double from, to;   // the axis; what lies beyond is drawn at its end
  std::optional<double> reference{};
  std::vector<Row> rows{};
};

// Parts of a whole, each in [0, 1].
struct Shares {
  struct Part {
    std::string label;
    double share;
  };
  std::vector<Part> parts;
};

// A function on the unit square, with a band around it, over a diagonal.
struct Curve {
  struct Point {
    double x, y;
    std::optional<double> low{}, high{};  // of the band
  };
  std::string x_axis, y_axis;
  std::vector<Point> points;  // ascending in x
};

// A series over time, with a line that must not be crossed. y on a logarithmic scale.
struct Series {
  std::string axis;
  double limit;
  std::vector<double> values;
};

// How many values lie in each part of the unit interval; below a Curve it shares the axis with it.
struct Histogram {
  struct Bin {
    double from, to;
    std::size_t count;
    std::size_t marked;  // of `count`: those of one kind, drawn apart
  };
  std::string axis;             // what the values are
  std::string counted, marked;  // what is counted, and which of them are marked: "claims", "true claims"
  std::vector<Bin> bins;        // ascending
};

// A number taken apart: each part begins where the one before it ends, and the last row is the whole.
struct Breakdown {
  struct Part {
    std::string label;
    double from, to;  // of a loss, `to` is the greater one
    bool is_whole = false;
  };
  std::string axis;  // what it measures
  double most;       // the axis begins at 0 and ends here
  std::optional<double> reference{};
  std::string reference_label{};
  std::vector<Part> parts{};
};

// Probabilities over time, each with its interval, and one that they are compared with. Not empty.
struct Timeline {
  struct Point {
    std::string label;  // which one, and when
    double value;
    std::optional<double> low{}, high{};
    bool is_reference = false;  // one of those that the reference was made of
  };
  std::string axis;  // what is shown
  std::string reference_label;
  double reference;
  std::vector<Point> points;  // in order
};

// A whole SVG picture, on pages only. What it shows stands in other blocks too, as words or numbers.
struct Picture {
  std::string svg;
};

// Counts of the same kinds for several things, one bar for each thing: its parts stand behind each other.
struct StackedBars {
  struct Kind {
    std::string label;
    std::string sign;   // one column in a terminal
    std::string color;  // a name of web/src/palette.css, "--measure"
  };
  struct Row {
    std::string label;
    std::vector<std::size_t> counts;  // by kind
  };
  std::string axis;  // what is counted
  std::vector<Kind> kinds;
  std::vector<Row> rows;
};

using Block = std::variant<Heading, Paragraph, DocumentTable, Forest, Shares, Curve, Series, Timeline, Histogram,
                           Breakdown, StackedBars, Picture>;

struct Document {
  std::string title;
  std::vector<Block> blocks;
  bool is_mock = false;  // made of mock numbers, and marked as such wherever it is drawn
};

std::string to_text(const Document& document, const TextStyle& style);
std::string table_text(const DocumentTable& table, const TextStyle& style);
std::string to_html(const Document& document);
std::string html_of(const std::vector<Block>& blocks);  // the blocks alone, for a page that has more

}  // namespace heretix
