#include "studies/drift/drift.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/error.hpp"
#include "belief/estimate/rng.hpp"
#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

// Runs of six templates around 0, shifted from check `from` on by `shift`.
// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): the draw, how many, from which on, by how much
Sentinel sentinel_of(std::uint64_t seed, int checks, int from, double shift, const std::string& later_name = "m-1") {
  Rng rng(seed);
  Sentinel sentinel{.claim = "c" + std::to_string(seed), .runs = {}};
  for (int i = 0; i < 10 + checks; ++i) {
    const bool is_shifted = i >= 10 + from;
    SentinelRun run{.execution_id = ExecutionId{"exec-" + std::to_string(i)},
                    .created_at = i,
                    .is_baseline = i < 10,
                    .templates = {},
                    .answered_by = {is_shifted ? later_name : "m-1"},
                    .belief = {.p = Probability{0.5}}};
    std::vector<double> means;
    for (int k = 0; k < 6; ++k) {
      const double mean = 0.3 * k + 0.1 * normal_quantile(rng.unit() * 0.998 + 0.001) + (is_shifted ? shift : 0.0);
      run.templates.push_back({.wording = "w" + std::to_string(k), .mean = mean, .range = {mean, mean}});
      means.push_back(mean);
    }
    const double center = trimmed_center(means);
    run.belief = {.p = Probability{sigmoid(center)},
                  .interval = Interval{Probability{sigmoid(center - 0.5)}, Probability{sigmoid(center + 0.5)}},
                  .is_stable = true};
    sentinel.runs.push_back(run);
  }
  return sentinel;
}

TEST(DriftState, AShiftIsAnAlarmThatIsNewOnce) {
  const auto alarm_after = [](int checks) {
    return drift_state("w", ModelName("m"), kDriftAlpha,
                       {sentinel_of(1, checks, 3, 1.0), sentinel_of(2, checks, 3, 1.0)});
  };
  int first = 0;
  for (int checks = 1; checks < 30 && first == 0; ++checks) {
    if (alarm_after(checks).alarm == Alarm::drift) first = checks;
  }
  ASSERT_GT(first, 3) << "the first three checks are as before";
  ASSERT_LT(first, 20);
  EXPECT_TRUE(alarm_after(first).is_new);
  EXPECT_FALSE(alarm_after(first + 1).is_new);
  EXPECT_TRUE(alarm_after(first).sentinels[0].is_named || alarm_after(first).sentinels[1].is_named);
}

TEST(DriftState, OnlyTheSentinelThatDriftedIsNamed) {
  const DriftState state =
      drift_state("w", ModelName("m"), kDriftAlpha, {sentinel_of(1, 25, 0, 1.5), sentinel_of(2, 25, 0, 0.0)});
  EXPECT_EQ(state.alarm, Alarm::drift);
  EXPECT_TRUE(state.sentinels[0].is_named);
  EXPECT_FALSE(state.sentinels[1].is_named);
}

TEST(DriftState, AnotherModelIdIsAnAlarmAtOnce) {
  const DriftState state = drift_state("w", ModelName("m"), kDriftAlpha, {sentinel_of(1, 2, 1, 0.0, "m-2")});
  EXPECT_EQ(state.alarm, Alarm::model_changed);
  EXPECT_TRUE(state.is_new);
  EXPECT_EQ(state.answered_by_now, std::vector<std::string>{"m-2"});
}

TEST(DriftState, ATemplateThatFailedOnceIsLeftOut) {
  Sentinel sentinel = sentinel_of(1, 1, 0, 0.0);
  sentinel.runs.back().templates.resize(4);
  EXPECT_EQ(drift_state("w", ModelName("m"), kDriftAlpha, {sentinel}).values.size(), 1U);
  sentinel.runs.back().templates = {{.wording = "another bank", .mean = 0.0, .range = {0.0, 0.0}}};
  EXPECT_THROW(drift_state("w", ModelName("m"), kDriftAlpha, {sentinel}), Error);
}

TEST(DriftState, WaitsForTheWholeBaseline) {
  Sentinel sentinel = sentinel_of(1, 0, 0, 0.0);
  sentinel.runs.pop_back();
  const DriftState state = drift_state("w", ModelName("m"), kDriftAlpha, {sentinel});
  EXPECT_FALSE(state.is_watching);
  EXPECT_EQ(state.alarm, Alarm::none);
  EXPECT_THROW(drift_state("w", ModelName("m"), 0.0, {sentinel}), Error);
  EXPECT_THROW(drift_state("w", ModelName("m"), kDriftAlpha, {}), Error);
}

const DocumentTable& table_in(const Document& document) {
  for (const Block& block : document.blocks) {
    if (const auto* table = std::get_if<DocumentTable>(&block)) return *table;
  }
  throw std::logic_error("no table");
}

double number_in(const std::string& cell) { return std::strtod(cell.c_str(), nullptr); }

// "p at baseline", "p now" and "now minus baseline" stand beside each other and agree to the digit that is shown.
TEST(DriftState, WhatIsShownIsTheDifferenceOfWhatIsShownBesideIt) {
  Rng rng(11);
  for (int i = 0; i < 200; ++i) {
    const double shift = 4 * rng.unit() - 2;
    const int checks = 1 + i % 4;
    Sentinel sentinel = sentinel_of(100 + static_cast<std::uint64_t>(i), checks, checks - 1, shift);
    if (i % 3 == 0) sentinel.runs.back().templates.pop_back();
    const DriftState state = drift_state("w", ModelName("m"), kDriftAlpha, {sentinel});
    const DocumentTable table = table_in(to_document(state, "begin"));
    ASSERT_EQ(table.header[3], "p at baseline");
    ASSERT_EQ(table.header[4], "p now");
    ASSERT_EQ(table.header[5], "now minus baseline (95 %)");
    const std::vector<std::string>& row = table.rows[0];
    const std::string by = row[5].substr(0, row[5].find(' '));
    EXPECT_EQ(by, fmt::format("{:+.3f}", std::round((number_in(row[4]) - number_in(row[3])) * 1000) / 1000 + 0.0));

    const nlohmann::json of_sentinel = to_json(state)["sentinels"][0];
    const nlohmann::json& difference = of_sentinel["difference_95"];
    const double exact = of_sentinel["last_p"].get<double>() - of_sentinel["baseline_p"].get<double>();
    EXPECT_NEAR(difference["centre"].get<double>(), exact, 1e-12);
    EXPECT_LE(difference["ci"][0].get<double>(), exact);
    EXPECT_GE(difference["ci"][1].get<double>(), exact);
  }
}

// The baseline is one belief on all answers of its runs, so a model that always answers the same has changed by
// nothing.
TEST(DriftState, WhatNeverChangesHasADifferenceOfZero) {
  Sentinel sentinel = sentinel_of(1, 1, 0, 0.0);
  for (SentinelRun& run : sentinel.runs) {
    run.templates = sentinel.runs[0].templates;
    run.belief = sentinel.runs[0].belief;
  }
  const SentinelState state = drift_state("w", ModelName("m"), kDriftAlpha, {sentinel}).sentinels[0];
  EXPECT_NEAR(state.change->center, 0.0, 1e-12);
  EXPECT_NEAR(*state.change->low, 0.0, 1e-12);
  EXPECT_NEAR(*state.change->high, 0.0, 1e-12);
}

std::vector<Timeline> timelines_in(const Document& document) {
  std::vector<Timeline> found;
  for (const Block& block : document.blocks) {
    if (const auto* timeline = std::get_if<Timeline>(&block)) found.push_back(*timeline);
  }
  return found;
}

TEST(DriftState, EverySentinelHasItsBeliefsOverTimeFromTheFirstRunOn) {
  const auto shown = [](int checks) {
    return to_document(
        drift_state("w", ModelName("m"), kDriftAlpha, {sentinel_of(1, checks, 0, 1.0), sentinel_of(2, checks, 0, 0.0)}),
        "begin");
  };
  for (const int checks : {0, 1, 5}) {
    const std::vector<Timeline> timelines = timelines_in(shown(checks));
    ASSERT_EQ(timelines.size(), 2U);
    EXPECT_EQ(timelines[0].points.size(), static_cast<std::size_t>(10 + checks));
    EXPECT_NE(to_text(shown(checks), {}).find("baseline, 10 runs"), std::string::npos);
    EXPECT_NE(to_html(shown(checks)).find("<circle"), std::string::npos);
  }
  EXPECT_NE(to_text(shown(0), {}).find("baseline 1, 1970-01-01"), std::string::npos) << "there is no check to show yet";
  EXPECT_EQ(to_text(shown(1), {}).find("baseline 1, 1970-01-01"), std::string::npos);
  EXPECT_NE(to_text(shown(1), {}).find("check 1, 1970-01-01"), std::string::npos);
  EXPECT_EQ(timelines_in(shown(100))[0].points.size(), 70U) << "the newest 60 and the baseline";
}

TEST(DriftState, AWatchWithoutAnyRunSaysHowToBegin) {
  const Sentinel sentinel{.claim = "Snow is white", .runs = {}};
  const Document document = to_document(drift_state("w", {}, kDriftAlpha, {sentinel}), "heretix drift baseline");
  const std::string text = to_text(document, {});
  EXPECT_NE(text.find("Nothing was measured yet. Begin with: heretix drift baseline"), std::string::npos) << text;
  EXPECT_NE(text.find("Snow is white"), std::string::npos);
  EXPECT_EQ(text.find("0.000"), std::string::npos) << "nothing was measured, so there is no number";
}

}  // namespace
}  // namespace heretix
