#include "studies/drift/drift.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "belief/estimate/rng.hpp"
#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

// Runs of six templates around 0, shifted from check `from` on by `shift`.
Sentinel sentinel_of(std::uint64_t seed, int checks, int from, double shift, const std::string& later_name = "m-1") {
  Rng rng(seed);
  Sentinel sentinel{.claim = "c" + std::to_string(seed), .runs = {}};
  for (int i = 0; i < 10 + checks; ++i) {
    const bool is_shifted = i >= 10 + from;
    SentinelRun run{.execution_id = ExecutionId{"exec-" + std::to_string(i)},
                    .created_at = i,
                    .is_baseline = i < 10,
                    .means = {},
                    .answered_by = {is_shifted ? later_name : "m-1"}};
    for (int k = 0; k < 6; ++k) {
      const double mean = 0.3 * k + 0.1 * normal_quantile(rng.unit() * 0.998 + 0.001) + (is_shifted ? shift : 0.0);
      run.means.emplace_back("w" + std::to_string(k), mean);
    }
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
  sentinel.runs.back().means.resize(4);
  EXPECT_EQ(drift_state("w", ModelName("m"), kDriftAlpha, {sentinel}).values.size(), 1U);
  sentinel.runs.back().means = {{"another bank", 0.0}};
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

}  // namespace
}  // namespace heretix
