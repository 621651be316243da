#include "studies/history/history.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace heretix {
namespace {

constexpr long long kDay = 86'400, kNoon = 20'000 * kDay + kDay / 2;

HistoryRun run_on(int day, double p, const std::string& version, const std::string& model = "m") {
  return {
      .source = {.model = ModelName(model), .readout = "verbalized", .bank = "v1"},
      .created_at = kNoon + day * kDay,
      .name = "exec-" + std::to_string(day),
      .answered_by = version.empty() ? std::set<std::string>{} : std::set<std::string>{version},
      .belief = {
          .p = Probability{p}, .interval = Interval{Probability{p - 0.1}, Probability{p + 0.1}}, .is_stable = p > 0.3}};
}

TEST(BeliefHistory, TheLastMeasurementOfADayCounts) {
  HistoryRun later = run_on(1, 0.8, "m-1");
  later.created_at += 60;
  const BeliefHistory history = history_of("c", {later, run_on(0, 0.4, "m-1"), run_on(1, 0.5, "m-1")}, {});
  ASSERT_EQ(history.lines.size(), 1u);
  const auto& points = history.lines[0].points;
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].day, "2024-10-04");
  EXPECT_DOUBLE_EQ(points[1].run.belief.p.value(), 0.8);
  EXPECT_EQ(points[1].runs, 2u);
}

TEST(BeliefHistory, WhatIsNotComparableHasALineOfItsOwn) {
  HistoryRun another_bank = run_on(2, 0.5, "m-1"), another_readout = run_on(3, 0.5, "m-1"),
             mock = run_on(4, 0.5, "m-1");
  another_bank.source.bank = "v2";
  another_readout.source.readout = "token";
  mock.source.is_mock = true;
  const BeliefHistory history =
      history_of("c", {run_on(0, 0.5, "m-1"), another_bank, another_readout, mock, run_on(1, 0.5, "n-1", "n")}, {});
  EXPECT_EQ(history.lines.size(), 5u);
}

TEST(BeliefHistory, AVersionIsMarkedWhereItBeginsAndSilenceIsNone) {
  const BeliefHistory history = history_of(
      "c",
      {run_on(0, 0.5, ""), run_on(1, 0.5, "m-1"), run_on(2, 0.5, ""), run_on(3, 0.5, "m-1"), run_on(4, 0.5, "m-2")},
      {});
  std::vector<bool> marked;
  for (const HistoryPoint& point : history.lines[0].points) marked.push_back(!point.answered_before.empty());
  EXPECT_EQ(marked, (std::vector<bool>{false, false, false, false, true}));
  EXPECT_EQ(marks_in_words(history.lines[0]),
            std::vector<std::string>{"2024-10-08: answered by m-2, before that by m-1"});
}

TEST(BeliefHistory, AlarmsStandAtTheModelThatTheyAreAbout) {
  const HistoryAlarm of_m{.model = ModelName("m"), .watch = "w", .at = kNoon + 2 * kDay};
  HistoryAlarm of_its_mock = of_m;
  of_its_mock.is_mock = true;
  const BeliefHistory history =
      history_of("c", {run_on(0, 0.5, "m-1"), run_on(0, 0.5, "n-1", "n")}, {of_m, of_its_mock});
  ASSERT_EQ(history.lines.size(), 2u);
  EXPECT_EQ(history.lines[0].alarms.size(), 1u);
  EXPECT_EQ(history.lines[1].alarms.size(), 0u);
  EXPECT_EQ(marks_in_words(history.lines[0]), std::vector<std::string>{"2024-10-06: drift alarm of the watch w"});
}

TEST(BeliefHistory, ThePictureIsTextTooAndHidesNothing) {
  const std::string svg = history_svg(history_of("a < b & \"c\"", {run_on(0, 0.2, "m-1"), run_on(9, 0.7, "m-2")},
                                                 {{.model = ModelName("m"), .watch = "w", .at = kNoon + 9 * kDay}}));
  EXPECT_NE(svg.find("a &lt; b &amp;"), std::string::npos);
  EXPECT_NE(svg.find("2024-10-04: 0.20, 0.10 to 0.30, no stable belief"), std::string::npos);
  EXPECT_NE(svg.find("another version of the model"), std::string::npos);
  EXPECT_NE(svg.find("drift alarm of w"), std::string::npos);
  EXPECT_NE(svg.find("fill=\"var(--raised)\"/>"), std::string::npos) << "hollow";
  EXPECT_EQ(svg.find("style"), std::string::npos) << "the page's policy has no inline style";
}

TEST(BeliefHistory, JsonHasEveryPoint) {
  const auto json = to_json(history_of("c", {run_on(0, 0.2, "m-1"), run_on(1, 0.7, "m-2")}, {}));
  EXPECT_EQ(json.at("format"), "heretix_history");
  const auto& points = json.at("lines").at(0).at("points");
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[1].at("day"), "2024-10-05");
  EXPECT_EQ(points[1].at("is_new_version"), true);
  EXPECT_EQ(points[0].at("stable"), false);
}

}  // namespace
}  // namespace heretix
