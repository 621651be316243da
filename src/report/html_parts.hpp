// Pieces of the HTML report.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "belief/record/record.hpp"

namespace heretix::html {

// web/src/palette.css, so that reports and the page of the service have the same colours.
extern const std::string_view kPalette;

struct Page {
  std::string title;
  std::string body;           // in HTML
  std::string_view notice{};  // of mock numbers, in a panel of its own, on paper too; the title says it too
  std::string_view style{};   // more rules of its own
  std::string_view script{};  // empty: none. It ends the body, and the page allows this one alone
};

// One self-contained page: no outside request, dark and light.
std::string to_html(const Page& page);

// A picture with the colours of a page as a file of its own, with the light ones written out: it can be embedded where
// no style sheet is read, such as a mail or a README.
std::string standalone_svg(std::string svg);

// Both pictures are SVG and show belief_v2: the interval as a band and p as a diamond, of which only the outline is
// drawn where there is no stable belief. The shapes are those of the page (web/README.md): a small pale dot is an
// answer, a circle a wording, and a square a wording that contradicts itself.
std::string strip_picture(const Record& record);   // every wording over one scale, and the contradictions, in words too
std::string forest_picture(const Record& record);  // a row with its whole text for each template, and the belief below

// One row for each model: its belief with the interval, and what its wordings say as pale dots. Not empty.
std::string models_picture(const std::vector<Record>& records);

// The diamond around that place, in SVG units.
std::string belief_diamond(const Record& record, double x, double y);

}  // namespace heretix::html
