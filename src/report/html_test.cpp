#include "report/html.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "belief/record/made_record_test.hpp"
#include "report/html_parts.hpp"

namespace heretix {
namespace {

constexpr const char* kHollow = "z\" fill=\"none\"";
constexpr const char* kFilled = "z\" fill=\"var(--text)\"";

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

bool shows(const std::string& page, const std::string& part) { return page.find(part) != std::string::npos; }

// What is on the screen before anything is opened.
std::string unopened(const std::string& page) {
  std::string kept;
  int depth = 0;
  for (std::size_t at = 0; at < page.size(); ++at) {
    if (page.compare(at, 9, "<details>") == 0) ++depth;
    if (page.compare(at, 10, "</details>") == 0) --depth;
    if (depth == 0) kept += page[at];
  }
  return kept;
}

const std::vector<double> kSplit = {1, 0.074, 1, 0.8, 0, 0.12, 0, 1};
const std::vector<double> kAgreed = {0.95, 1, 0.9, 1, 0.95, 0.5, 0.85, 0.9};

TEST(HtmlReport, says_first_that_there_is_no_stable_belief_and_draws_the_diamond_hollow) {
  const std::string page = report_html(made_record(kSplit));
  EXPECT_TRUE(shows(page, "<div class=\"big words\">No stable belief: 4 wordings say true, 4 say false</div>"));
  EXPECT_TRUE(shows(page,
                    "The wordings contradict each other. The centre of the wordings is 0.59, 95&nbsp;% interval "
                    "0.02 to 0.99."));
  EXPECT_EQ(count(page, kHollow), 2U) << "in the picture and in the forest";
  EXPECT_EQ(count(page, kFilled), 0U);
}

TEST(HtmlReport, hangs_contradictions_below_the_line_and_says_them) {
  const std::string split = report_html(made_record(kSplit));
  EXPECT_EQ(count(split, "class=\"point\""), 8U);
  EXPECT_EQ(count(split, "class=\"rope\""), 1U);
  EXPECT_TRUE(shows(split, "<p class=\"fail\">The wording decides: 4 wordings say true, 4 say false.</p>"));

  const std::string agreed = report_html(made_record(kAgreed));
  EXPECT_EQ(count(agreed, "class=\"rope\""), 0U);
  EXPECT_TRUE(shows(agreed, "No contradiction: 8 wordings, and none says the opposite of another."));

  // The second wording says both; its rope goes from 0.1 to 0.9 on a scale of 568 units that begins at 16.
  const std::string wavers =
      report_html(made_record(std::vector<std::vector<double>>{{0.7, 0.8}, {0.1, 0.9}, {0.6, 0.7}, {0.8, 0.8}}));
  EXPECT_EQ(count(wavers, "class=\"both\""), 1U);
  EXPECT_EQ(count(wavers, "class=\"rope\""), 1U);
  EXPECT_TRUE(shows(wavers, "class=\"rope\" d=\"M72.8 "));
  EXPECT_TRUE(shows(wavers, "both true and false: wording 2.</p>"));
}

TEST(HtmlReport, piles_up_points_that_would_cover_each_other) {
  const std::string page = report_html(made_record(std::vector<double>(16, 0.7)));
  const std::regex place("class=\"point\" cx=\"([0-9.]+)\" cy=\"([0-9.]+)\"");
  std::set<std::string> heights;
  for (auto at = std::sregex_iterator(page.begin(), page.end(), place); at != std::sregex_iterator(); ++at) {
    EXPECT_EQ((*at)[1], "413.6");
    heights.insert((*at)[2]);
  }
  EXPECT_EQ(heights.size(), 16U);
}

TEST(HtmlReport, shows_the_number_of_a_stable_belief_with_its_interval) {
  const std::string page = report_html(made_record(kAgreed));
  EXPECT_TRUE(shows(page,
                    "<div class=\"big\">0.95</div><p>probability that it is true, 95&nbsp;% interval 0.79 to 0.99: "
                    "<strong>likely true</strong>"));
  EXPECT_EQ(count(page, kFilled), 2U);
  EXPECT_EQ(count(page, kHollow), 0U);
}

TEST(HtmlReport, keeps_the_frozen_and_the_honest_numbers_unopened) {
  const std::string page = report_html(made_record(kSplit));
  EXPECT_TRUE(shows(page, "<summary>For comparison with earlier runs</summary>"));
  for (const char* later : {"frozen", "honest", "0.86", "precision", "quality"}) {
    EXPECT_TRUE(shows(page, later)) << later;
    EXPECT_FALSE(shows(unopened(page), later)) << later;
  }
}

TEST(HtmlReport, numbers_the_wordings_from_1) {
  const std::string page = report_html(made_record(kAgreed));
  EXPECT_TRUE(shows(page, ">1 · w0 {CLAIM}<"));
  EXPECT_TRUE(shows(page, ">8 · w7 {CLAIM}<"));
  EXPECT_FALSE(shows(page, ">0 · "));
}

TEST(HtmlReport, puts_the_circle_of_a_wording_where_a_written_1_is_read) {
  // Template 1 answers 1 twice: the answers stand at the right end, what they are read as at 0.995.
  const std::string page = report_html(made_record(std::vector<std::vector<double>>{{1, 1}, {0.8, 0.8}, {0.7, 0.7}}));
  EXPECT_TRUE(shows(page, "<circle class=\"answer\" cx=\"870.0\" cy=\"16.0\""));
  EXPECT_TRUE(shows(page, "<circle class=\"wording\" cx=\"867.3\" cy=\"16.0\""));
}

TEST(HtmlReport, names_a_wording_by_its_whole_text_and_breaks_it_into_lines) {
  const std::string wording =
      "Picture a hundred assertions exactly as well supported as this one and say how many are true: ";
  const std::string page = report_html(made_record(kAgreed, {.wording = wording}));
  EXPECT_TRUE(shows(page, ">1 · Picture a hundred assertions exactly as<"));
  EXPECT_TRUE(shows(page, ">well supported as this one and say how many<"));
  EXPECT_TRUE(shows(page, ">are true: 0 {CLAIM}<"));
}

// One place for the colours: what is drawn uses names, and the palette of the page defines them.
TEST(HtmlReport, has_the_colours_of_the_palette_and_no_others) {
  std::string page = report_html(made_record(kSplit));
  EXPECT_TRUE(shows(page, std::string(html::kPalette)));
  const std::string beside = page.erase(page.find(html::kPalette), html::kPalette.size());

  const std::regex hexadecimal("[:\"]#[0-9a-f]{3}");
  EXPECT_FALSE(std::regex_search(beside, hexadecimal));
  const std::regex name("var\\((--[a-z-]+)\\)");
  std::size_t used = 0;
  for (auto at = std::sregex_iterator(beside.begin(), beside.end(), name); at != std::sregex_iterator(); ++at, ++used)
    EXPECT_NE(html::kPalette.find((*at)[1].str() + ":"), std::string_view::npos) << (*at)[1];
  EXPECT_GT(used, 20U);
}

TEST(HtmlReport, compares_models_by_the_belief_that_is_shown) {
  const std::string page = unopened(
      report_html({made_record(kAgreed, {.model = ModelName{"a"}}), made_record(kSplit, {.model = ModelName{"b"}})}));
  EXPECT_TRUE(shows(page,
                    "<td>a</td><td class=\"num\">0.95</td><td class=\"num\">0.79 to 0.99</td>"
                    "<td>likely true</td>"));
  EXPECT_TRUE(shows(page,
                    "<td>b</td><td class=\"num\">0.59</td><td class=\"num\">0.02 to 0.99</td>"
                    "<td>No stable belief: 4 wordings say true, 4 say false</td>"));
  EXPECT_EQ(count(page, kFilled), 2U) << "in the forest of the models and in a picture of its own";
  EXPECT_EQ(count(page, kHollow), 2U);
}

TEST(HtmlReport, shows_several_models_in_one_forest) {
  const std::string page = unopened(
      report_html({made_record(kAgreed, {.model = ModelName{"a"}}), made_record(kSplit, {.model = ModelName{"b"}})}));
  const std::size_t begin = page.find("aria-label=\"beliefs by model\"");
  ASSERT_NE(begin, std::string::npos);
  const std::string forest = page.substr(begin, page.find("</svg>", begin) - begin);
  EXPECT_TRUE(shows(forest, ">a</text>"));
  EXPECT_TRUE(shows(forest, ">b</text>"));
  EXPECT_EQ(count(forest, "class=\"belief\""), 2U);
  EXPECT_EQ(count(forest, "class=\"answer\""), 16U) << "a pale dot for each wording";
  EXPECT_EQ(count(forest, "text-anchor=\"middle\""), 5U) << "one axis";
}

}  // namespace
}  // namespace heretix
