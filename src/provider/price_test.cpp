#include "provider/price.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace heretix {
namespace {

PriceList list(const std::string& models, const std::string& date = "2026-01-02") {
  return PriceList::parse(R"({"date": ")" + date + R"(", "models": [)" + models + "]}", "prices.json");
}

const std::string kGpt =
    R"({"model": "openai/gpt-5", "input": 1.25, "cached_input": 0.125, "output": 10, "batch_percent": 50})";

TEST(Price, OfOneCallIsExactToATrillionthOfADollar) {
  const Price price = *list(kGpt).find("openai/gpt-5");
  EXPECT_EQ(cost_of(price, {.input = 1000, .cached_input = 640, .output = 7}),
            Usd::from_picos(360 * 1'250'000LL + 640 * 125'000LL + 7 * 10'000'000LL));
  EXPECT_EQ(cost_of(in_batch(price), {.input = 1000, .output = 7}), Usd::from_picos(660'000'000));
}

TEST(Price, OfWritesToTheCacheIsTheirOwn) {
  const Price price =
      *list(R"({"model": "a/c", "input": 3, "cached_input": 0.3, "cache_write": 3.75, "output": 15})").find("a/c");
  EXPECT_EQ(cost_of(price, {.input = 100, .cached_input = 30, .cache_writes = 20, .output = 1}),
            Usd::from_picos(50 * 3'000'000LL + 30 * 300'000LL + 20 * 3'750'000LL + 15'000'000));
}

TEST(Price, IsUnknownWhereTheUsageIsMissingNegativeOrBeyondBelief) {
  const Price price = *list(kGpt).find("openai/gpt-5");
  EXPECT_EQ(cost_of(price, {}), std::nullopt);
  EXPECT_EQ(cost_of(price, {.input = 10}), std::nullopt);
  EXPECT_EQ(cost_of(price, {.input = -1, .output = 5}), std::nullopt);
  EXPECT_EQ(cost_of(price, {.input = 10, .output = 2'000'000'000}), std::nullopt);
  EXPECT_EQ(cost_of(price, {.input = 10, .cached_input = 900, .output = 0}), Usd::from_picos(10 * 125'000LL));
}

TEST(Price, FindsADatedNameUnderItsPlainOneAndNothingElse) {
  const PriceList prices = list(kGpt);
  EXPECT_TRUE(prices.find("openai/gpt-5-2025-08-07"));
  EXPECT_TRUE(prices.find("openai/gpt-5-20250807"));
  EXPECT_FALSE(prices.find("openai/gpt-5-mini"));
  EXPECT_FALSE(prices.find("openai/gpt-5-2025"));
  EXPECT_FALSE(prices.find("gpt-5"));
}

TEST(Price, ListOfTheUserLiesOverTheProgramsOwn) {
  PriceList prices = PriceList::parse(kPricesJson, "own");
  const std::size_t count = prices.entries().size();
  prices.override_by(
      list(R"({"model": "openai/gpt-5", "input": 2, "output": 3}, {"model": "x/y", "input": 0, "output": 0})"));
  EXPECT_EQ(prices.entries().size(), count + 1);
  EXPECT_EQ(prices.find("openai/gpt-5")->cached_input, Usd::from_picos(2'000'000));
  EXPECT_EQ(prices.date_of("openai/gpt-5"), "2026-01-02");
  EXPECT_NE(prices.date_of("openai/gpt-4o"), "2026-01-02");
  EXPECT_TRUE(prices.find("x/y")->is_free());
}

TEST(Price, ListThatIsWrongIsRefusedByName) {
  const auto refusal = [](const std::string& models, const std::string& date = "2026-01-02") -> std::string {
    try {
      list(models, date);
    } catch (const Error& e) { return e.what(); }
    return "";
  };
  EXPECT_NE(refusal(R"({"model": "m", "input": -1, "output": 1})").find("prices.json: m: 'input'"), std::string::npos);
  EXPECT_NE(refusal(R"({"model": "m", "input": "1", "output": 1})").find("'input'"), std::string::npos);
  EXPECT_NE(refusal(R"({"model": "m", "input": 1})").find("'output'"), std::string::npos);
  EXPECT_NE(refusal(R"({"model": "m", "input": 1, "output": 1, "ouput": 2})").find("ouput"), std::string::npos);
  EXPECT_NE(refusal(R"({"input": 1, "output": 1})").find("entry 0"), std::string::npos);
  EXPECT_NE(refusal("", "yesterday").find("YYYY-MM-DD"), std::string::npos);
  EXPECT_THROW(PriceList::parse("[", "p"), Error);
}

TEST(Price, MostOfAQuestionCoversATokenForEveryByte) {
  Plan plan;
  plan.recipe.sampling.max_output_tokens = 1000;
  plan.system_text = std::string(300, 's');
  Question question;
  question.user_text = std::string(100, 'u');
  const Price price = *list(kGpt).find("openai/gpt-5");
  EXPECT_EQ(most_cost_of(price, plan, question), Usd::from_picos((400 + 600) * 1'250'000LL + 1000 * 10'000'000LL));
}

}  // namespace
}  // namespace heretix
