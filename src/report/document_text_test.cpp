#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "base/columns.hpp"
#include "base/text.hpp"
#include "report/document.hpp"

namespace heretix {
namespace {

TextStyle terminal_of(std::size_t columns) { return {.columns = columns, .is_bounded = true}; }

std::size_t widest_line(const std::string& text) {
  std::size_t widest = 0;
  for (const std::string_view line : split(text, '\n')) widest = std::max(widest, display_width(line));
  return widest;
}

const DocumentTable kBeliefs{{"claim", "p", "95 % interval", "finding"},
                             {{"Tariffs on imported goods cause inflation in the country that imposes them", "0.59",
                               "0.02 to 0.99", "inconclusive"}}};

TEST(DocumentText, ATableThatFitsStaysOnOneLine) {
  EXPECT_EQ(split(table_text(kBeliefs, terminal_of(120)), '\n').size(), 3U) << "header, row, end";
  EXPECT_EQ(table_text(kBeliefs, terminal_of(120)), table_text(kBeliefs, {})) << "as in a pipe";
}

TEST(DocumentText, TheWidestCellOfATableIsBrokenFirst) {
  const std::string text = table_text(kBeliefs, terminal_of(70));
  EXPECT_LE(widest_line(text), 70U);
  EXPECT_NE(text.find("0.02 to 0.99"), std::string::npos) << text;
  EXPECT_NE(text.find("inconclusive"), std::string::npos) << text;
}

TEST(DocumentText, ATableOfTooManyColumnsTakesALineForEachCell) {
  DocumentTable table{{}, {{}}};
  for (int c = 0; c < 9; ++c) {
    table.header.push_back(fmt::format("column-number-{}", c));
    table.rows[0].push_back(fmt::format("cell{}", c));
  }
  const std::string text = table_text(table, terminal_of(60));
  EXPECT_NE(text.find("  cell0\n    column-number-1: cell1\n"), std::string::npos) << text;
}

std::string words(std::mt19937& numbers, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < 1 + numbers() % most; ++i)
    text += (i == 0 ? "" : " ") + std::string(1 + numbers() % 9, 'a');
  return text;
}

Document any_document(std::mt19937& numbers) {
  Document document{.title = words(numbers, 30),
                    .blocks = {Heading{words(numbers, 20)}, Paragraph{words(numbers, 60)}}};

  DocumentTable table;
  const std::size_t columns = 1 + numbers() % 9;
  for (std::size_t c = 0; c < columns; ++c) table.header.push_back(words(numbers, 4));
  for (int i = 0; i < 4; ++i) {
    auto& row = table.rows.emplace_back();
    for (std::size_t c = 0; c < columns; ++c) row.push_back(words(numbers, 12));
  }
  document.blocks.push_back(table);

  Forest forest{.axis = words(numbers, 8), .from = -1, .to = 1, .reference = 0.0};
  Timeline timeline{.axis = words(numbers, 8), .reference_label = words(numbers, 3), .reference = 0.4, .points = {}};
  Shares shares;
  Curve curve{.x_axis = words(numbers, 5), .y_axis = words(numbers, 5), .points = {}};
  Series series{words(numbers, 9), 400, {}};
  for (int i = 0; i < 4; ++i) {
    forest.rows.push_back({words(numbers, 12), 0.1 * i, -0.3, 0.5, i == 3});
    timeline.points.push_back({.label = words(numbers, 12), .value = 0.2 * i, .low = 0.0, .high = 1.0});
    shares.parts.push_back({words(numbers, 12), 0.25 * i});
    curve.points.push_back({0.2 * i, 0.3 * i, 0.0, 1.0});
    series.values.push_back(1e7 * i);
  }
  document.blocks.insert(document.blocks.end(), {forest, timeline, shares, curve, series});
  return document;
}

TEST(DocumentText, EveryBlockFitsEveryTerminal) {
  std::mt19937 numbers(11);
  for (int i = 0; i < 300; ++i) {
    const Document document = any_document(numbers);
    const std::size_t columns = kLeastColumns + numbers() % 80;
    const std::string text = to_text(document, terminal_of(columns));
    EXPECT_LE(widest_line(text), columns) << text;
  }
}

}  // namespace
}  // namespace heretix
