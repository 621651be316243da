#include "models/price.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.hpp"
#include "models/price_list.hpp"

namespace heretix {
namespace {

using std::chrono::sys_days;

const sys_days kDay = *day_from("2026-11-28");

PriceList list(const std::string& models, const std::string& date = "2026-01-02") {
  return PriceList::parse(R"({"date": ")" + date + R"(", "models": [)" + models + "]}", "prices.json");
}

PriceList list_2(const std::string& models) {
  return PriceList::parse(R"({"version": 2, "date": "2026-01-02", "models": [)" + models + "]}", "prices.json");
}

Price price_of(const PriceList& prices, const std::string& model, sys_days day = kDay) {
  return prices.find(model)->history.on(day).value();
}

PriceList own() { return PriceList::parse(kPricesJson, "own"); }

Usd dollars_per_million(double dollars) { return Usd::from_picos(std::llround(dollars * 1e6)); }

const std::string kGpt =
    R"({"model": "openai/gpt-5", "input": 1.25, "cached_input": 0.125, "output": 10, "batch_percent": 50})";

TEST(Price, OfOneCallIsExactToATrillionthOfADollar) {
  const Price price = price_of(list(kGpt), "openai/gpt-5");
  EXPECT_EQ(cost_of(price, {.input = 1000, .cached_input = 640, .output = 7}),
            Usd::from_picos(360 * 1'250'000LL + 640 * 125'000LL + 7 * 10'000'000LL));
  EXPECT_EQ(cost_of(in_batch(price).value(), {.input = 1000, .output = 7}), Usd::from_picos(660'000'000));
}

TEST(Price, OfWritesToTheCacheIsTheirOwn) {
  const Price price =
      price_of(list(R"({"model": "a/c", "input": 3, "cached_input": 0.3, "cache_write": 3.75, "output": 15})"), "a/c");
  EXPECT_EQ(cost_of(price, {.input = 100, .cached_input = 30, .cache_writes = 20, .output = 1}),
            Usd::from_picos(50 * 3'000'000LL + 30 * 300'000LL + 20 * 3'750'000LL + 15'000'000));
}

TEST(Price, OfALongKeptWriteIsItsOwnAndUnknownWhereTheListHasNone) {
  const Usage usage{.input = 100, .cache_writes = 50, .long_cache_writes = 20, .output = 1};
  EXPECT_EQ(cost_of(price_of(own(), "anthropic/claude-opus-5-5"), usage),
            dollars_per_million(4) * 50 + dollars_per_million(5) * 30 + dollars_per_million(8) * 20 +
                dollars_per_million(20));
  EXPECT_EQ(cost_of(price_of(list(kGpt), "openai/gpt-5"), usage), std::nullopt);
}

TEST(Price, IsUnknownWhereTheUsageIsMissingNegativeOrBeyondBelief) {
  const Price price = price_of(list(kGpt), "openai/gpt-5");
  EXPECT_EQ(cost_of(price, {}), std::nullopt);
  EXPECT_EQ(cost_of(price, {.input = 10}), std::nullopt);
  EXPECT_EQ(cost_of(price, {.input = -1, .output = 5}), std::nullopt);
  EXPECT_EQ(cost_of(price, {.input = 10, .output = 2'000'000'000}), std::nullopt);
}

TEST(Price, IsUnknownAndNeverSmallWhereTheUsageCannotBeTrue) {
  const Price price = price_of(list(kGpt), "openai/gpt-5");
  EXPECT_EQ(cost_of(price, {.input = 10, .cached_input = 900, .output = 0}), std::nullopt);
  EXPECT_EQ(cost_of(price, {.input = 10, .cached_input = 6, .cache_writes = 5, .output = 0}), std::nullopt);
  EXPECT_EQ(cost_of(price, {.input = 10, .cached_input = -6, .output = 1}), std::nullopt);
  EXPECT_EQ(cost_of(price, {.input = 10, .cache_writes = 2, .long_cache_writes = 3, .output = 1}), std::nullopt);
  EXPECT_EQ(cost_of(price, {.input = 10, .output = 5, .reasoning = 6}), std::nullopt);
  EXPECT_EQ(cost_of(price, {.input = 10, .output = 5, .cannot_be_true = true}), std::nullopt);
}

TEST(Price, WhatWasChargedWinsOverTheListAndOverTheCounts) {
  const Price price = price_of(list(kGpt), "openai/gpt-5");
  EXPECT_EQ(cost_of(price, {.input = 10, .output = 5, .charged = Usd::from_picos(37)}), Usd::from_picos(37));
  EXPECT_EQ(cost_of(price, {.cannot_be_true = true, .charged = Usd()}), Usd());
  EXPECT_EQ(cost_of(Price{}, {.charged = Usd::from_picos(37)}), Usd::from_picos(37));
  EXPECT_EQ(cost_of(price, {.input = 10, .output = 5, .charged = Usd::from_picos(-1)}), std::nullopt);
  EXPECT_EQ(cost_of(price, {.input = 10, .output = 5, .charge_is_unclear = true}), std::nullopt);
}

TEST(Price, OfALongPromptHoldsForEveryTokenFromTheVeryFirstLengthOn) {
  const Price gpt = price_of(own(), "openai/gpt-6.1-sol");  // more than 272,000
  EXPECT_EQ(cost_of(gpt, {.input = 272'000, .output = 1}), dollars_per_million(2) * 272'000 + dollars_per_million(10));
  EXPECT_EQ(cost_of(gpt, {.input = 272'001, .output = 1}), dollars_per_million(4) * 272'001 + dollars_per_million(15));
  const Price grok = price_of(own(), "xai/grok-4.7");  // 200,000 or more
  EXPECT_EQ(cost_of(grok, {.input = 199'999, .output = 1}), dollars_per_million(2) * 199'999 + dollars_per_million(6));
  EXPECT_EQ(cost_of(grok, {.input = 200'000, .output = 1}), dollars_per_million(4) * 200'000 + dollars_per_million(12));
}

TEST(Price, IsTheOneOfTheDayOfTheRequest) {
  const PriceList prices = own();
  const Usage usage{.input = 100'000, .output = 0};  // not yet a long prompt
  const auto on = [&](const char* day) {
    return cost_of(price_of(prices, "gemini/gemini-4-argon", *day_from(day)), usage);
  };
  EXPECT_EQ(on("2026-11-30"), Usd::from_micros(200'000));
  EXPECT_EQ(on("2026-12-01"), Usd::from_micros(400'000));
  EXPECT_EQ(cost_of(price_of(prices, "openai/gpt-5.6-luna", *day_from("2026-07-29")), usage),
            Usd::from_micros(100'000));
  EXPECT_EQ(cost_of(price_of(prices, "openai/gpt-5.6-luna"), usage), Usd::from_micros(20'000));
}

TEST(Price, OfATierSpeedAndRegionIsTheReplysNotTheLists) {
  const PriceList prices = own();
  const Price gpt = price_of(prices, "openai/gpt-6.1-sol");
  const auto of = [](const Price& price, const std::string& tier, const std::string& speed, const std::string& region) {
    return cost_of(price, {.input = 1'000'000, .output = 0, .service_tier = tier, .speed = speed, .region = region});
  };
  const auto long_prompt = [](double dollars) { return std::optional(Usd::from_picos(std::llround(dollars * 1e12))); };
  EXPECT_EQ(of(gpt, "default", "", ""), long_prompt(4));
  EXPECT_EQ(of(gpt, "flex", "", ""), long_prompt(2));
  EXPECT_EQ(of(gpt, "priority", "", ""), long_prompt(8));
  EXPECT_EQ(of(gpt, "default", "", "eu"), long_prompt(4.4));
  EXPECT_EQ(of(gpt, "scale", "", ""), std::nullopt);  // no list has it
  EXPECT_EQ(of(gpt, "", "", "mars"), std::nullopt);

  const Price opus = price_of(prices, "anthropic/claude-opus-5-5");
  EXPECT_EQ(of(opus, "standard", "standard", "global"), long_prompt(4));
  EXPECT_EQ(of(opus, "standard", "fast", "us"), long_prompt(8.8));
  EXPECT_EQ(of(opus, "batch", "", "not_available"), long_prompt(2));
  EXPECT_EQ(of(opus, "batch", "fast", ""), std::nullopt);  // both at once has no price
  EXPECT_EQ(of(opus, "priority", "", ""), std::nullopt);
}

TEST(Price, OfABatchMayLeaveCachedInputAtFullPriceAndMayBeUnknown) {
  const PriceList prices = own();
  const auto batch = in_batch(price_of(prices, "openai/gpt-4.1"));
  EXPECT_EQ(cost_of(batch.value(), {.input = 100, .cached_input = 60, .output = 1, .service_tier = "default"}),
            dollars_per_million(1) * 40 + dollars_per_million(0.5) * 60 + dollars_per_million(4));
  EXPECT_EQ(cost_of(*batch, {.input = 100, .output = 1, .service_tier = "priority"}), std::nullopt);
  EXPECT_FALSE(in_batch(price_of(prices, "gemini/gemini-3.5-flash")));
}

TEST(Price, FindsADatedNameUnderItsPlainOneAndNothingElse) {
  const PriceList prices = list(kGpt);
  EXPECT_NE(prices.find("openai/gpt-5-2025-08-07"), nullptr);
  EXPECT_NE(prices.find("openai/gpt-5-20250807"), nullptr);
  EXPECT_EQ(prices.find("openai/gpt-5-mini"), nullptr);
  EXPECT_EQ(prices.find("openai/gpt-5-2025"), nullptr);
  EXPECT_EQ(prices.find("gpt-5"), nullptr);
  EXPECT_EQ(own().find("anthropic/claude-sonnet-4-20250514")->model, "anthropic/claude-sonnet-4-0");
}

TEST(Price, ListOfTheUserLiesOverTheProgramsOwn) {
  PriceList prices = own();
  const std::size_t count = prices.entries().size();
  prices.override_by(
      list(R"({"model": "openai/gpt-5", "input": 2, "output": 3}, {"model": "x/y", "input": 0, "output": 0})"));
  EXPECT_EQ(prices.entries().size(), count + 1);
  EXPECT_EQ(price_of(prices, "openai/gpt-5").standard.rates.cached_input, Usd::from_picos(2'000'000));
  EXPECT_EQ(prices.find("openai/gpt-5")->date, "2026-01-02");
  EXPECT_NE(prices.find("openai/gpt-4o")->date, "2026-01-02");
  EXPECT_TRUE(price_of(prices, "x/y").is_free());
}

TEST(Price, OfAModelInTheListCanBeUnknown) {
  const PriceList prices = own();
  ASSERT_NE(prices.find("openai/gpt-6.2-sol"), nullptr);
  EXPECT_FALSE(prices.find("openai/gpt-6.2-sol")->history.on(kDay));
  EXPECT_FALSE(list_2(R"({"model": "a/b", "prices": []})").find("a/b")->history.on(kDay));
  const PriceList later = list_2(R"({"model": "a/b", "prices": [{"from": "2026-12-01", "input": 1, "output": 1}]})");
  EXPECT_FALSE(later.find("a/b")->history.on(kDay));
  EXPECT_TRUE(later.find("a/b")->history.on(*day_from("2026-12-01")));
}

TEST(Price, ListThatIsWrongIsRefusedByName) {
  const auto refusal_of = [](const auto& read) -> std::string {
    try {
      read();
    } catch (const Error& e) { return e.what(); }
    return "";
  };
  const auto refusal = [&](const std::string& models, const std::string& date = "2026-01-02") {
    return refusal_of([&] { list(models, date); });
  };
  EXPECT_NE(refusal(R"({"model": "m", "input": -1, "output": 1})").find("prices.json:1:50: m: 'input'"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"model": "m", "input": "1", "output": 1})").find("'input'"), std::string::npos);
  EXPECT_NE(refusal(R"({"model": "m", "input": 1})").find("'output'"), std::string::npos);
  EXPECT_NE(refusal(R"({"model": "m", "input": 1, "output": 1, "ouput": 2})").find("ouput"), std::string::npos);
  EXPECT_NE(refusal(R"({"input": 1, "output": 1})").find("entry 0"), std::string::npos);
  EXPECT_NE(refusal("", "yesterday").find("YYYY-MM-DD"), std::string::npos);
  EXPECT_NE(refusal("", "2026-02-30").find("'date' is 2026-02-30, which is not a date in any calendar"),
            std::string::npos);
  EXPECT_THROW(PriceList::parse("[", "p"), Error);

  const auto refusal_2 = [&](const std::string& price) {
    return refusal_of([&] { list_2(R"({"model": "m", "prices": )" + price + "}"); });
  };
  EXPECT_NE(refusal_2("7").find("'prices' must be a list"), std::string::npos);
  EXPECT_NE(refusal_2(R"([{"input": 1}])").find("'output'"), std::string::npos);
  EXPECT_NE(refusal_2(R"([{"input": 1, "output": 1, "tiers": {"flex": {"input": 1}}}])").find("flex"),
            std::string::npos);
  EXPECT_NE(refusal_2(R"([{"input": 1, "output": 1, "regions": {"us": 0.5}}])").find("region 'us'"), std::string::npos);
  EXPECT_NE(refusal_2(R"([{"input": 1, "output": 1}, {"input": 1, "output": 1}])").find("in order"), std::string::npos);
  EXPECT_NE(refusal_2(R"([{"input": 1, "output": 1, "long_prompts": [{"from_tokens": 0, "input": 1, "output": 1}]}])")
                .find("from_tokens"),
            std::string::npos);
  EXPECT_NE(refusal_of([] {
              PriceList::parse(R"({"version": 3, "date": "2026-01-02", "models": []})", "p");
            }).find("'version' must be 1 or 2"),
            std::string::npos);
}

TEST(Price, GivenAsTextIsOfInputAndOutput) {
  const Price price = price_from_text("1.25,10").on(kDay).value();
  EXPECT_EQ(cost_of(price, {.input = 10, .cached_input = 4, .output = 2}), Usd::from_picos(32'500'000));
  EXPECT_TRUE(in_batch(price));
  for (const char* wrong : {"", "1", "1,", ",1", "1,2,3", "-1,2", "1,x", "1,99999", "1;2"})
    EXPECT_THROW(price_from_text(wrong), Error) << wrong;
}

TEST(Price, MostOfAQuestionCoversATokenForEveryByte) {
  Plan plan;
  plan.recipe.sampling.max_output_tokens = 1000;
  plan.system_text = std::string(300, 's');
  Question question;
  question.user_text = std::string(100, 'u');
  const Price price = price_of(list(kGpt), "openai/gpt-5");
  EXPECT_EQ(most_cost_of(price, plan, question), Usd::from_picos((400 + 600) * 1'250'000LL + 1000 * 10'000'000LL));
}

TEST(Price, MostOfAQuestionCoversTheDearestRegionAndThePriceOfTheNextDay) {
  Plan plan;
  plan.recipe.sampling.max_output_tokens = 1000;
  const Question question;
  const Price opus = price_of(own(), "anthropic/claude-opus-5-5");  // 1.1 in "us", 8 dollars a long-kept write
  EXPECT_EQ(most_cost_of(opus, plan, question), Usd::from_picos((600 * 8'000'000LL + 1000 * 20'000'000LL) / 10 * 11));
  const auto most_on = [&](const char* day) {
    return most_cost_of(price_of(own(), "gemini/gemini-4-argon", *day_from(day)), plan, question);
  };
  EXPECT_EQ(most_on("2026-11-29") * 2, most_on("2026-11-30"));
  EXPECT_EQ(most_on("2026-11-30"), most_on("2026-12-01"));
}

}  // namespace
}  // namespace heretix
