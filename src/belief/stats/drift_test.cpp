#include "belief/stats/drift.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "belief/estimate/rng.hpp"
#include "belief/stats/moments.hpp"

namespace heretix {
namespace {

std::vector<double> normals(std::size_t n, Rng& rng) {
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) values.push_back(normal_quantile(rng.unit() + 1e-12));
  return values;
}

// Ranks are all it sees: any growing change of scale gives the same R.
TEST(DriftDetector, SeesRanksOnly) {
  Rng rng(3);
  const auto baseline = normals(12, rng);
  const auto later = normals(20, rng);
  std::vector<double> stretched;
  for (const double x : baseline) stretched.push_back(x * x * x);
  DriftDetector plain(baseline);
  DriftDetector cubed(stretched);
  for (const double x : later) EXPECT_EQ(plain.add(x), cubed.add(x * x * x));
}

TEST(DriftDetector, SeesAShiftWithinTwentyRuns) {
  Rng rng(4);
  DriftDetector detector(normals(20, rng));
  int runs = 0;
  while (runs < 20 && detector.value() < 1 / kDriftAlpha) {
    ++runs;
    detector.add(normals(1, rng)[0] + 3.0);
  }
  EXPECT_LT(runs, 20);
}

TEST(DriftDetector, RefusesAShortBaseline) { EXPECT_THROW(DriftDetector(std::vector<double>(9, 0.0)), Error); }

// Four e-values at 0.05 (1/alpha = 20): the k-th largest must reach 4 * 20 / k.
TEST(EBenjaminiHochberg, NamesTheLargest) {
  EXPECT_EQ(e_benjamini_hochberg(std::vector{1.0, 90.0, 45.0, 2.0}, 0.05),
            (std::vector<bool>{false, true, true, false}));
  EXPECT_EQ(e_benjamini_hochberg(std::vector{79.0, 1.0, 1.0, 1.0}, 0.05), std::vector<bool>(4, false));
}

}  // namespace
}  // namespace heretix
