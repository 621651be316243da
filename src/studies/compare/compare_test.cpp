#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "belief/estimate/rng.hpp"
#include "belief/record/made_record_test.hpp"
#include "report/shown_difference.hpp"
#include "studies/compare/difference.hpp"
#include "studies/compare/sides.hpp"

namespace heretix {
namespace {

Record record_of(const std::vector<double>& p, const std::string& wording = "w", const std::string& claim = "c") {
  return made_record(p, {.claim = claim, .wording = wording});
}

TEST(ClaimDifference, PairsTemplatesByTheirWording) {
  const ClaimDifference d = difference_between(record_of({0.71, 0.82, 0.63, 0.74, 0.88, 0.69}),
                                               record_of({0.51, 0.66, 0.43, 0.55, 0.76, 0.49}));
  EXPECT_TRUE(d.is_paired);
  EXPECT_EQ(d.finding, Finding::higher);
  EXPECT_EQ(*d.p_value, 2.0 / 64) << "all six of one sign";
  EXPECT_EQ(d.templates.size(), 6U);
  EXPECT_GE(std::abs(d.templates.front().difference()), std::abs(d.templates.back().difference()));
}

// The templates differ by four times what they differ between the sides: only pairing can see it.
TEST(ClaimDifference, PairingSeesWhatSpreadHides) {
  const Record a = record_of({0.1, 0.3, 0.5, 0.7, 0.9, 0.95});
  const Record b = record_of({0.07, 0.23, 0.41, 0.61, 0.85, 0.92});
  EXPECT_EQ(difference_between(a, b).finding, Finding::higher);
  const Record other = record_of({0.07, 0.23, 0.41, 0.61, 0.85, 0.92}, "v");
  const ClaimDifference unpaired = difference_between(a, other);
  EXPECT_FALSE(unpaired.is_paired);
  EXPECT_EQ(unpaired.finding, Finding::inconclusive);
  EXPECT_GT(*unpaired.p_value, 0.5);
}

TEST(ClaimDifference, TellsTheSameFromTheUnknown) {
  const Record a = record_of({0.503, 0.511, 0.497, 0.502, 0.508, 0.499});
  const Record b = record_of({0.506, 0.508, 0.499, 0.501, 0.506, 0.501});
  EXPECT_EQ(difference_between(a, b).finding, Finding::same);
  const Record wild = record_of({0.9, 0.1, 0.8, 0.2, 0.7, 0.3});
  EXPECT_EQ(difference_between(a, wild).finding, Finding::inconclusive);
}

TEST(ClaimDifference, SwappedSidesAreMirrored) {
  const Record a = record_of({0.71, 0.82, 0.63, 0.74, 0.88});
  const Record b = record_of({0.51, 0.86, 0.43, 0.55, 0.76});
  const ClaimDifference ab = difference_between(a, b);
  const ClaimDifference ba = difference_between(b, a);
  EXPECT_NEAR(ab.logit.center, -ba.logit.center, 1e-12);
  EXPECT_NEAR(*ab.logit.low, -*ba.logit.high, 1e-12);
}

std::string text_of(const Differences& all) { return to_text(to_document(all), {}); }

TEST(Differences, DifferentServersAreTold) {
  const std::vector<double> p = {0.71, 0.82, 0.63, 0.74, 0.88, 0.69};
  const Record here = made_record(p, {.server = "llama.cpp/b11434"}), there = made_record(p, {.server = "callo/0.3.1"});
  const Differences across = differences_of("A", "B", {difference_between(here, there)});
  const std::string text = text_of(across);
  EXPECT_NE(text.find("A by llama.cpp/b11434, B by callo/0.3.1"), std::string::npos) << text;
  EXPECT_EQ(to_json(across)["claims"][0]["server_b"], "callo/0.3.1");

  const Differences same = differences_of("A", "B", {difference_between(here, here)});
  EXPECT_EQ(text_of(same).find("Different servers"), std::string::npos);
  EXPECT_TRUE(
      to_json(differences_of("A", "B", {difference_between(made_record(p), made_record(p))}))["claims"][0]["server_a"]
          .is_null());
}

double number_after(const std::string& text, std::size_t at) { return std::strtod(text.c_str() + at, nullptr); }

// The three numbers of every line agree to the digit that is shown: A minus B is what the reader works out.
TEST(Differences, WhatIsShownIsTheDifferenceOfWhatIsShownBesideIt) {
  Rng rng(7);
  for (int i = 0; i < 300; ++i) {
    std::vector<double> p, q;
    for (int k = 0; k < 6; ++k) {
      p.push_back(rng.unit());
      q.push_back(rng.unit() < 0.2 ? 1.0 : rng.unit());
    }
    const ClaimDifference d = difference_between(record_of(p), record_of(q, i % 2 == 0 ? "w" : "v"));
    const double a = std::strtod(fmt::format("{:.3f}", d.p_a).c_str(), nullptr);
    const double b = std::strtod(fmt::format("{:.3f}", d.p_b).c_str(), nullptr);
    const std::string shown = difference_text(d.p_a, d.p_b, d.difference);
    EXPECT_EQ(fmt::format("{:+.3f}", std::round((a - b) * 1000) / 1000 + 0.0), shown.substr(0, shown.find(' ')));

    const std::string text = text_of(differences_of("A", "B", {d}));
    const std::size_t at_a = text.find("log-odds A is ") + 14, at_b = text.find(", B is ") + 7,
                      at_difference = text.find("and the difference ") + 19;
    EXPECT_NEAR(number_after(text, at_difference), number_after(text, at_a) - number_after(text, at_b), 1e-9) << text;
    EXPECT_LE(*d.difference.low, d.p_a - d.p_b);
    EXPECT_GE(*d.difference.high, d.p_a - d.p_b);
    EXPECT_GE(*d.difference.low, -1.0);
    EXPECT_LE(*d.difference.high, 1.0);
  }
}

TEST(Differences, TheClaimIsTheUnitAndManyAreControlled) {
  std::vector<ClaimDifference> claims;
  for (int i = 0; i < 8; ++i) {
    const double shift = i == 0 ? 0.2 : 0.0;
    claims.push_back(
        difference_between(record_of({0.5 + shift, 0.52 + shift, 0.49 + shift, 0.51 + shift, 0.5 + shift, 0.53 + shift,
                                      0.5 + shift, 0.52 + shift},
                                     "w", std::to_string(i)),
                           record_of({0.51, 0.51, 0.5, 0.5, 0.51, 0.52, 0.51, 0.51}, "w", std::to_string(i))));
  }
  const Differences all = differences_of("a", "b", claims);
  EXPECT_EQ(all.finding, Finding::inconclusive) << "one claim of eight";
  EXPECT_NEAR(*all.claims[0].adjusted, 8 * 2.0 / 256, 1e-12);
  EXPECT_EQ(all.named(), 0U) << "0.0625 is above the rate";
}

std::vector<ExecutionHead> stored() {
  return {{ExecutionId{"exec-1"}, RecipeId{"r1"}, 86400LL * 10, "snow", ModelName("a"), "b1"},
          {ExecutionId{"exec-2"}, RecipeId{"r1"}, 86400LL * 11, "snow", ModelName("a"), "b1"},
          {ExecutionId{"exec-3"}, RecipeId{"r2"}, 86400LL * 10, "snow", ModelName("b"), "b1"},
          {ExecutionId{"exec-4"}, RecipeId{"r3"}, 86400LL * 12, "rain", ModelName("a"), "b1"},
          {ExecutionId{"exec-5"}, RecipeId{"r4"}, 86400LL * 12, "rain", ModelName("b"), "b2"}};
}

TEST(Sides, TakeTheNewestOfEachClaim) {
  const auto pairs = pair_up(parse_side("model=a"), parse_side("model=b"), stored(), {});
  ASSERT_EQ(pairs.size(), 2U);
  EXPECT_EQ(pairs[0].a.text(), "exec-2");
  EXPECT_EQ(pairs[0].b.text(), "exec-3");
  EXPECT_EQ(pairs[1].a.text(), "exec-4");
}

TEST(Sides, SelectByModelBankAndDay) {
  const auto one = pair_up(parse_side("model=a,on=1970-01-11"), parse_side("model=a,on=1970-01-12"), stored(), {});
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].a.text(), "exec-1");
  EXPECT_EQ(one[0].b.text(), "exec-2");
  const std::vector<std::string> claims{"rain"};
  EXPECT_EQ(pair_up(parse_side("model=a"), parse_side("model=b"), stored(), claims).size(), 1U);
  EXPECT_THROW(pair_up(parse_side("bank=b2"), parse_side("model=zz"), stored(), {}), Error);

  // As it was asked for, with its provider; but a name that is stored as it is given means itself.
  EXPECT_EQ(pair_up(parse_side("model=openai/a"), parse_side("model=b"), stored(), claims).size(), 1U);
  auto with_slash = stored();
  with_slash.front().model = ModelName("openai/a");
  EXPECT_EQ(pair_up(parse_side("model=openai/a"), parse_side("model=openai/a"), with_slash, {}).size(), 1U);
  EXPECT_THROW(pair_up(parse_side("model=openai/"), parse_side("model=b"), stored(), {}), Error);
}

TEST(Sides, AreRefusedByName) {
  for (const char* wrong : {"modle=a", "model=", "model=a,model=b", "on=1970-13-01", "on=1970-1-1", "model=a,,bank=b"})
    EXPECT_THROW(parse_side(wrong), Error) << wrong;
  EXPECT_FALSE(parse_side("heretix-rpl-1").is_selector);
}

}  // namespace
}  // namespace heretix
