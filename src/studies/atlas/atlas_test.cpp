#include "studies/atlas/atlas.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "belief/estimate/rng.hpp"
#include "report/shown_difference.hpp"

namespace heretix {
namespace {

struct Cell {
  std::string claim, model;
  std::optional<double> p;
  std::optional<bool> stable = true;
  std::optional<bool> truth{};
};

AtlasRow row_of(const Cell& cell) {
  AtlasRow row{.claim = cell.claim, .model = ModelName(cell.model), .provider = "scripted", .p = cell.p};
  if (cell.p) {
    row.low = std::max(0.0, *cell.p - 0.1);
    row.high = std::min(1.0, *cell.p + 0.1);
    row.is_stable = cell.stable;
    row.answers = 8;
    row.billed = Usd::from_micros(10);
    row.execution_id = ExecutionId("exec-" + cell.claim + cell.model);
  } else {
    row.provider.clear();
    row.error = "too few usable answers";
  }
  row.truth = cell.truth;
  return row;
}

std::vector<AtlasRow> rows_of(const std::vector<Cell>& cells) {
  std::vector<AtlasRow> rows;
  for (const Cell& cell : cells) {
    rows.push_back(row_of(cell));
    rows.back().place = "results.csv:" + std::to_string(rows.size() + 1);
  }
  return rows;
}

std::string error_of(std::vector<AtlasRow> rows) {
  try {
    make_atlas(std::move(rows));
  } catch (const Error& e) { return e.what(); }
  return "";
}

TEST(Atlas, IsAMatrixOfClaimsByModels) {
  const Atlas atlas = make_atlas(rows_of({{"a", "X", 0.9}, {"a", "Y", 0.2}, {"b", "X", 0.4, false}, {"b", "Y", {}}}));
  ASSERT_EQ(atlas.claims.size(), 2U);
  ASSERT_EQ(atlas.models.size(), 2U);
  EXPECT_EQ(atlas.totals.rows, 4U);
  EXPECT_EQ(atlas.totals.beliefs, 2U);
  EXPECT_EQ(atlas.totals.unstable, 1U);
  EXPECT_EQ(atlas.totals.none, 1U);
  EXPECT_EQ(atlas.totals.billed, Usd::from_micros(30));
  EXPECT_EQ(atlas.models[1].none, 1U);
  EXPECT_EQ(standing_of(atlas.rows[*atlas.claims[1].cells[0]]), AtlasStanding::unstable);
}

// 0.9 and 0.2 differ by 0.7. One belief has nothing to disagree with, and an unstable number is no belief.
TEST(Atlas, DisagreementIsTheLargestDifferenceOfBeliefs) {
  const Atlas atlas =
      make_atlas(rows_of({{"b", "X", 0.4, false}, {"b", "Y", 0.9}, {"a", "X", 0.9}, {"a", "Y", 0.2}, {"a", "Z", 0.5}}));
  EXPECT_FALSE(atlas.claims[0].disagreement);
  ASSERT_TRUE(atlas.claims[1].disagreement);
  EXPECT_DOUBLE_EQ(atlas.claims[1].disagreement->difference(), 0.7);
  EXPECT_EQ(atlas.models[atlas.claims[1].disagreement->lowest].label, "Y");
  EXPECT_EQ(atlas.models[atlas.claims[1].disagreement->highest].label, "X");
  EXPECT_EQ(claims_by_disagreement(atlas), (std::vector<std::size_t>{1, 0}));
  EXPECT_EQ(claims_by_text(atlas), (std::vector<std::size_t>{1, 0}));
  EXPECT_EQ(claims_by_model(atlas, 1), (std::vector<std::size_t>{0, 1}));
}

// 0.704 - 0.496 is 0.208 and prints as 0.70 - 0.50; 0.706 - 0.5 is 0.206 and prints as 0.71 - 0.50.
TEST(Atlas, OrderIsThatOfThePrintedDifferences) {
  const Atlas atlas = make_atlas(rows_of({{"a", "X", 0.704}, {"a", "Y", 0.496}, {"b", "X", 0.706}, {"b", "Y", 0.5}}));
  EXPECT_DOUBLE_EQ(atlas.claims[0].disagreement->shown(), 0.20);
  EXPECT_DOUBLE_EQ(atlas.claims[1].disagreement->shown(), 0.21);
  EXPECT_EQ(claims_by_disagreement(atlas), (std::vector<std::size_t>{1, 0}));
}

TEST(Atlas, AClaimThatStandsInTheFileTwiceCountsOnce) {
  auto rows = rows_of({{"a", "X", 0.9}, {"a", "X", 0.9}});
  const Atlas atlas = make_atlas(rows);
  EXPECT_EQ(atlas.claims.size(), 1U);
  EXPECT_EQ(atlas.totals.rows, 1U);
  EXPECT_EQ(atlas.totals.billed, Usd::from_micros(10));

  rows[1].execution_id = ExecutionId("exec-other");
  EXPECT_EQ(error_of(rows), "results.csv:3: \"a\" was measured twice by X, first in results.csv:2");
}

TEST(Atlas, RefusesWhatContradictsItself) {
  EXPECT_EQ(error_of({}), "there is no result to show");
  EXPECT_EQ(error_of(rows_of({{"a", "X", 0.9, true, true}, {"a", "Y", 0.9, true, false}})),
            "results.csv:3: \"a\" is said to be true in one row and false in another, first in results.csv:2");
}

// A row without a belief knows no provider; of two providers of one name each has its own column.
TEST(Atlas, ProvidersOfOneModelAreColumnsOfTheirOwn) {
  auto rows = rows_of({{"b", "X", {}}, {"a", "X", 0.9}, {"a", "X", 0.2}});
  rows[2].provider = "other";
  rows[2].execution_id = ExecutionId("exec-other");
  const Atlas atlas = make_atlas(rows);
  ASSERT_EQ(atlas.models.size(), 2U);
  EXPECT_EQ(atlas.models[0].label, "X (scripted)");
  EXPECT_EQ(atlas.models[1].label, "X (other)");
  EXPECT_TRUE(atlas.claims[0].cells[0]);
}

// X is right and wrong once each and unstable once; Y has no belief about one claim.
TEST(Atlas, CountsRightWrongAndUnstable) {
  const Atlas atlas = make_atlas(rows_of({{"a", "X", 0.9, true, true},
                                          {"b", "X", 0.8, true, false},
                                          {"c", "X", 0.7, false, true},
                                          {"d", "X", 0.5, true, true},
                                          {"a", "Y", 0.6, true, true},
                                          {"b", "Y", {}, {}, false}}));
  ASSERT_EQ(atlas.truths.size(), 2U);
  const AtlasTruth& x = atlas.truths[0];
  EXPECT_EQ(x.labelled, 4U);
  EXPECT_EQ(x.right, 1U);
  EXPECT_EQ(x.wrong, 1U);
  EXPECT_EQ(x.unstable, 1U);
  EXPECT_EQ(x.undecided, 1U);
  // (0.1² + 0.8² + 0.3² + 0.5²) / 4
  EXPECT_NEAR(x.scores->brier, 0.2475, 1e-12);
  EXPECT_NEAR(x.scores->brier, x.scores->miscalibration - x.scores->discrimination + x.scores->uncertainty, 1e-12);
  EXPECT_EQ(x.histogram[18].claims, 1U);
  EXPECT_EQ(atlas.truths[1].none, 1U);
  EXPECT_EQ(atlas.truths[1].judged, 1U);
  EXPECT_TRUE(atlas.truths[1].curve.empty());  // a single truth
}

// On a: 0.01 - 0.16, on b: 0.04 - 0.09; the mean is -0.10, the standard deviation 0.0707, and t(.975, 1) is 12.706.
TEST(Atlas, DifferenceOfScoresIsPairedByClaim) {
  const Atlas atlas = make_atlas(rows_of({{"a", "X", 0.9, true, true},
                                          {"b", "X", 0.2, true, false},
                                          {"c", "X", 0.1, true, false},
                                          {"a", "Y", 0.6, true, true},
                                          {"b", "Y", 0.3, true, false}}));
  ASSERT_EQ(atlas.score_differences.size(), 1U);
  const AtlasScoreDifference& d = atlas.score_differences[0];
  EXPECT_EQ(d.claims, 2U);
  EXPECT_EQ(d.brier.center, d.brier_a - d.brier_b);
  EXPECT_NEAR(d.brier.center, -0.10, 1e-12);
  EXPECT_NEAR(*d.brier.low, -0.10 - 12.7062047 * 0.05, 1e-6);
  EXPECT_NEAR(*d.brier.high, -0.10 + 12.7062047 * 0.05, 1e-6);
  EXPECT_EQ(d.right.center, 0);
}

TEST(Atlas, PairsThatAgreeMostComeFirst) {
  const Atlas atlas = make_atlas(rows_of({{"a", "X", 0.9},
                                          {"b", "X", 0.2},
                                          {"a", "Y", 0.4},
                                          {"b", "Y", 0.8},
                                          {"a", "Z", 0.8},
                                          {"b", "Z", 0.2},
                                          {"c", "Z", 0.2, false}}));
  ASSERT_EQ(atlas.agreements.size(), 3U);
  const AtlasAgreement& closest = atlas.agreements[0];
  EXPECT_EQ(atlas.models[closest.a].label, "X");
  EXPECT_EQ(atlas.models[closest.b].label, "Z");
  EXPECT_NEAR(closest.distance.center, 0.05, 1e-12);
  EXPECT_EQ(closest.same_side, 1.0);
  EXPECT_EQ(atlas.agreements[2].same_side, 0.0);
}

// Effects that were put in come out: claims spread by 2, models by 1, wordings by 0.5, and wording 0 pulls upwards.
TEST(Atlas, FindsWhereTheSpreadComesFrom) {
  std::vector<Cell> cells;
  AtlasWordings wordings{.texts = {"w0", "w1", "w2", "w3"}, .by_execution = {}};
  Rng rng(1);
  for (int c = 0; c < 60; ++c) {
    const double of_claim = c % 2 == 0 ? 2 : -2;
    for (int m = 0; m < 2; ++m) {
      const Cell cell{"c" + std::to_string(c), m == 0 ? "X" : "Y", 0.5};
      cells.push_back(cell);
      auto& values = wordings.by_execution[ExecutionId("exec-" + cell.claim + cell.model)];
      for (int w = 0; w < 4; ++w)
        values.push_back({w, of_claim + (m == 0 ? 1 : -1) + (w == 0 ? 0.9 : -0.3) + 0.02 * (rng.unit() - 0.5)});
    }
  }
  const Atlas atlas = make_atlas(rows_of(cells), wordings);
  EXPECT_EQ(atlas.checks_with_wordings, 120U);
  ASSERT_EQ(atlas.components.size(), 7U);
  EXPECT_EQ(atlas.components[0].source, "claim");
  EXPECT_NEAR(atlas.components[0].variance, 4.0 * 60 / 59, 0.01);
  EXPECT_EQ(atlas.components[1].source, "model");
  EXPECT_NEAR(atlas.components[1].variance, 2.0, 0.01);
  EXPECT_EQ(atlas.components[2].source, "wording");
  EXPECT_NEAR(atlas.components[2].variance, 0.36, 0.01);

  ASSERT_EQ(atlas.pulls.size(), 4U);
  EXPECT_EQ(atlas.pulls[0].wording, "w0");
  EXPECT_EQ(atlas.pulls[0].claims, 60U);
  EXPECT_EQ(atlas.pulls[0].checks, 120U);
  EXPECT_NEAR(atlas.pulls[0].pull.center, 0.9, 0.01);
  EXPECT_TRUE(atlas.pulls[0].pull.excludes_zero());
}

TEST(Atlas, WithoutWordingsThePartsAboutThemAreEmpty) {
  const Atlas atlas = make_atlas(rows_of({{"a", "X", 0.9}, {"b", "X", 0.2}}));
  EXPECT_TRUE(atlas.components.empty());
  EXPECT_TRUE(atlas.pulls.empty());
  EXPECT_EQ(atlas.checks_with_wordings, 0U);
}

// A printed difference of scores is that of the two printed scores.
TEST(Atlas, TextShowsDifferencesOfPrintedScores) {
  const Atlas atlas = make_atlas(rows_of({{"a", "X", 0.93, true, true},
                                          {"b", "X", 0.2, true, false},
                                          {"a", "Y", 0.61, true, true},
                                          {"b", "Y", 0.3, true, false}}));
  const AtlasScoreDifference& d = atlas.score_differences[0];
  const std::string text = to_text(to_document(atlas, {}), TextStyle{});
  const double shown = shown_difference(d.brier_a, d.brier_b, kThousandths);
  EXPECT_NE(text.find(fmt::format("{:.3f}       {:.3f}       {:+.3f} [", d.brier_a, d.brier_b, shown)),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("What the wordings said is not in the store"), std::string::npos);
}

TEST(Atlas, DifferencesOfScoresLieWithinOneOfZero) {
  const Atlas atlas = make_atlas(rows_of({{"a", "X", 0.9, true, true},
                                          {"b", "X", 0.2, true, false},
                                          {"a", "Y", 0.1, true, true},
                                          {"b", "Y", 0.3, true, false}}));
  const AtlasScoreDifference& d = atlas.score_differences[0];
  EXPECT_EQ(d.right.low, -1.0) << "two claims leave everything open";
  EXPECT_EQ(d.right.high, 1.0);
  EXPECT_GE(*d.brier.low, -1.0);
  EXPECT_LE(*d.brier.high, 1.0);
}

TEST(Atlas, PageEscapesWhatComesFromOutside) {
  const std::string page = atlas_html(make_atlas(rows_of({{"</script><b>", "X", 0.9}, {"</script><b>", "<i>", 0.2}})));
  EXPECT_EQ(page.find("<b>"), std::string::npos);
  EXPECT_EQ(page.find("<i>"), std::string::npos);
  EXPECT_NE(page.find("\\u003c/script>"), std::string::npos);
}

TEST(Atlas, JsonHoldsEveryCell) {
  const nlohmann::json json = to_json(make_atlas(rows_of({{"a", "X", 0.9, true, true}, {"a", "Y", {}, {}, true}})));
  EXPECT_EQ(json["format"], "heretix_atlas");
  EXPECT_EQ(json["claims"][0]["cells"].size(), 2U);
  EXPECT_EQ(json["claims"][0]["cells"][1]["standing"], "none");
  EXPECT_TRUE(json["claims"][0]["cells"][1]["p"].is_null());
  EXPECT_EQ(json["claims"][0]["truth"], true);
  EXPECT_EQ(json["totals"]["billed_usd"], 1e-5);
  EXPECT_FALSE(json.contains("mock"));
}

}  // namespace
}  // namespace heretix
