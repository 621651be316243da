// How much is sent and when: times, limiter, pacer, breaker.
#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "models/http/breaker.hpp"
#include "models/http/limiter.hpp"
#include "models/http/pacer.hpp"
#include "models/http/times.hpp"

namespace heretix {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock::time_point;

Headers headers(std::initializer_list<const char*> lines) {
  Headers h;
  for (const char* line : lines) h.add_line(line);
  return h;
}

const SystemTime kNow = std::chrono::sys_days(std::chrono::year(2026) / 3 / 1) + 12h;

TEST(RetryAfter, IsReadInItsThreeSpellings) {
  EXPECT_EQ(retry_after(headers({"Retry-After: 7"}), kNow), 7s);
  EXPECT_EQ(retry_after(headers({"retry-after:0.25\r\n"}), kNow), 250ms);
  EXPECT_EQ(retry_after(headers({"Retry-After: 7", "retry-after-ms: 1500"}), kNow), 1500ms);
  EXPECT_EQ(retry_after(headers({"Retry-After: Sun, 01 Mar 2026 12:01:30 GMT"}), kNow), 90s);
  EXPECT_EQ(retry_after(headers({"Retry-After: Sunday, 01-Mar-26 12:01:30 GMT"}), kNow), 90s);
  EXPECT_EQ(retry_after(headers({"Retry-After: Sun Mar  1 12:01:30 2026"}), kNow), 90s);
}

TEST(RetryAfter, InThePastIsNow) {
  EXPECT_EQ(retry_after(headers({"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT"}), kNow), 0ms);
  EXPECT_EQ(retry_after(headers({"Retry-After: 0"}), kNow), 0ms);
}

TEST(RetryAfter, ThatIsJunkSaysNothing) {
  for (const char* line :
       {"Retry-After: soon", "Retry-After: -5", "Retry-After:", "Retry-After: 1e9", "Retry-After: nan",
        "Retry-After: 5 s", "Retry-After: 1.2.3", "retry-after-ms: -1", "Retry-After: Sun, 01 Mar 2026"}) {
    EXPECT_EQ(retry_after(headers({line}), kNow), std::nullopt) << line;
  }
}

TEST(RetryAfter, BehindLiteLLMsProxyIsReadFromItsName) {
  EXPECT_EQ(retry_after(headers({"llm_provider-retry-after: 9"}), kNow), 9s);
  EXPECT_EQ(retry_after(headers({"llm_provider-retry-after-ms: 900"}), kNow), 900ms);
  EXPECT_EQ(retry_after(headers({"llm_provider-retry-after: 9", "retry-after: 3"}), kNow), 3s);
}

TEST(RetryAfter, NamesTheDayOfTheNextMonthAndEnds) {
  EXPECT_EQ(retry_after(headers({"Retry-After: 2592000"}), kNow), 24h * 30);
  EXPECT_EQ(retry_after(headers({"Retry-After: 99999999999999999999"}), kNow), 24h * 400);
  EXPECT_EQ(retry_after(headers({"Retry-After: Fri, 31 Dec 2199 23:59:59 GMT"}), kNow), 24h * 400);
  EXPECT_EQ(until_rfc3339("3027-03-01T12:00:55Z", kNow), 24h);
}

TEST(Durations, AreReadAsProvidersWriteThem) {
  EXPECT_EQ(parse_duration("6m0s"), 6min);
  EXPECT_EQ(parse_duration("12ms"), 12ms);
  EXPECT_EQ(parse_duration("1h2m3.5s"), 1h + 2min + 3500ms);
  EXPECT_EQ(parse_duration("34.074824224s"), 34075ms);
  for (const char* junk : {"", "s", "12", "-1s", "1x", "1s2"}) EXPECT_EQ(parse_duration(junk), std::nullopt) << junk;
  EXPECT_EQ(until_rfc3339("2026-03-01T12:00:30Z", kNow), 30s);
  EXPECT_EQ(until_rfc3339("2026-03-01T11:00:30.123Z", kNow), 0s);
  EXPECT_EQ(until_rfc3339("tomorrow", kNow), std::nullopt);
}

// A provider that serves `capacity` at once in 50 ms and turns the rest away at once.
struct Simulation {
  Limiter limiter{100};
  std::size_t capacity = 80;
  Steady now{};
  std::deque<std::pair<Steady, std::uint64_t>> serving;
  std::size_t answered = 0, turned_away = 0, sent = 0;

  void run_until(std::size_t answers) {
    while (answered < answers) {
      std::size_t in_flight = serving.size();
      std::vector<std::uint64_t> refused;
      for (std::size_t i = limiter.room(in_flight, now); i > 0; --i) {
        ++sent;
        const std::uint64_t number = limiter.on_sent(++in_flight);
        if (serving.size() < capacity)
          serving.emplace_back(now + 50ms + std::chrono::microseconds(sent % 7 * 100), number);
        else refused.push_back(number);
      }
      turned_away += refused.size();
      for (const std::uint64_t number : refused) limiter.on_rate_limited(number, now, --in_flight, 0ms);
      now += 1ms;
      while (!serving.empty() && serving.front().first <= now) {
        limiter.on_answer(serving.front().second);
        serving.pop_front();
        ++answered;
      }
    }
  }
};

TEST(Limiter, StartsAtTwentyAndDoublesWhileAllIsWell) {
  Simulation s;
  s.capacity = 1000;
  EXPECT_EQ(s.limiter.room(0, s.now), 20U);
  s.run_until(20);
  EXPECT_EQ(s.limiter.limit(), 40U);
  s.run_until(200);
  EXPECT_EQ(s.limiter.limit(), 100U);
}

TEST(Limiter, DoesNotGrowWhereItIsNotUsed) {
  Limiter limiter(100);
  for (int i = 0; i < 200; ++i) limiter.on_answer(limiter.on_sent(5));
  EXPECT_EQ(limiter.limit(), 20U);
}

TEST(Limiter, CutsOnceAnEpisode) {
  Limiter limiter(100);
  std::vector<std::uint64_t> numbers;
  for (std::size_t i = 1; i <= 20; ++i) numbers.push_back(limiter.on_sent(i));
  for (std::size_t i = 0; i < 20; ++i) limiter.on_rate_limited(numbers[i], Steady{} + 1s, 19 - i, 0ms);
  EXPECT_EQ(limiter.limit(), 16U);
  EXPECT_EQ(limiter.episodes(), 1U);
  EXPECT_EQ(limiter.room(0, Steady{} + 1s), 0U);
  EXPECT_EQ(limiter.room(0, Steady{} + 2s), 1U);
  limiter.on_rate_limited(limiter.on_sent(1), Steady{} + 2s, 0, 3s);
  EXPECT_EQ(limiter.limit(), 12U);
  EXPECT_EQ(limiter.opens_at(), Steady{} + 5s);
}

TEST(Limiter, NeverFallsBelowOne) {
  Limiter limiter(100);
  for (int i = 0; i < 50; ++i) limiter.on_rate_limited(limiter.on_sent(1), Steady{} + i * 1s, 0, 0ms);
  EXPECT_EQ(limiter.limit(), 1U);
}

TEST(Limiter, FindsALimitOfEightyAndThenOfTen) {
  Simulation s;
  s.run_until(4000);
  EXPECT_GE(s.limiter.limit(), 60U);
  const std::size_t before = s.turned_away;
  EXPECT_LE(before, 60U);
  s.capacity = 10;
  s.run_until(6000);
  EXPECT_LE(s.limiter.limit(), 14U);
  EXPECT_LE(s.turned_away - before, 200U);
  s.capacity = 1000;
  s.run_until(20'000);
  EXPECT_EQ(s.limiter.limit(), 100U);
}

TEST(Limiter, ServerErrorsStopGrowthForARound) {
  Limiter limiter(100);
  limiter.on_server_error();
  for (std::size_t i = 0; i < 20; ++i) limiter.on_answer(limiter.on_sent(20));
  EXPECT_EQ(limiter.limit(), 20U);
  for (std::size_t i = 0; i < 20; ++i) limiter.on_answer(limiter.on_sent(20));
  EXPECT_EQ(limiter.limit(), 40U);
}

TEST(Pacer, SaysNothingWhereHeadersAreMissingZeroOrNegative) {
  Pacer pacer;
  for (const auto& h : {headers({}), headers({"x-ratelimit-limit-requests: 0", "x-ratelimit-remaining-requests: 0"}),
                        headers({"x-ratelimit-limit-requests: -1", "x-ratelimit-remaining-requests: -1"}),
                        headers({"x-ratelimit-limit-requests: 60"}),
                        headers({"x-ratelimit-limit-requests: x", "x-ratelimit-remaining-requests: 3"})}) {
    pacer.learn(h, 50, Steady{} + 1s, kNow, 100);
    EXPECT_EQ(pacer.room(100, Steady{} + 1s, 500), 100U);
  }
}

TEST(Pacer, SpendsWhatIsLeftAndThenTheRateOfTheReset) {
  Pacer pacer;
  const Steady now = Steady{} + 1s;
  pacer.learn(headers({"x-ratelimit-limit-requests: 600", "x-ratelimit-remaining-requests: 12",
                       "x-ratelimit-reset-requests: 58.8s"}),
              2, now, kNow, 100);
  EXPECT_EQ(pacer.room(100, now, 100), 10U);
  for (int i = 0; i < 10; ++i) pacer.on_sent(100);
  EXPECT_EQ(pacer.room(100, now, 100), 0U);
  EXPECT_EQ(pacer.opens_at(100, now), now + 100ms);
  EXPECT_EQ(pacer.room(100, now + 1s, 100), 10U);
}

TEST(Pacer, CountsTokensToo) {
  Pacer pacer;
  const Steady now = Steady{} + 1s;
  pacer.learn(headers({"anthropic-ratelimit-tokens-limit: 60000", "anthropic-ratelimit-tokens-remaining: 5000",
                       "anthropic-ratelimit-tokens-reset: 2026-03-01T12:00:55Z"}),
              0, now, kNow, 1000);
  EXPECT_EQ(pacer.room(100, now, 1000), 5U);
  for (int i = 0; i < 5; ++i) pacer.on_sent(1000);
  EXPECT_EQ(pacer.opens_at(1000, now), now + 1s);
}

TEST(Breaker, OpensAfterTenFailuresInARow) {
  Breaker breaker;
  const Steady now = Steady{} + 1s;
  for (int i = 0; i < 9; ++i) breaker.on_failure(now, false);
  EXPECT_FALSE(breaker.is_open());
  breaker.on_failure(now, false);
  EXPECT_TRUE(breaker.is_open());
  EXPECT_EQ(breaker.probes_at(), now + 10s);
  breaker.on_success(now + 10s);
  EXPECT_FALSE(breaker.is_open());
}

TEST(Breaker, OpensWhereHalfOfTwentyWithinThirtySecondsFailed) {
  Breaker quick, slow;
  for (int i = 0; i < 20; ++i) {
    for (auto [breaker, step] : {std::pair(&quick, 1s), std::pair(&slow, 2s)}) {
      const Steady at = Steady{} + 1s + i * step;
      if (i % 2 == 0) breaker->on_success(at);
      else breaker->on_failure(at, false);
    }
  }
  EXPECT_TRUE(quick.is_open());
  EXPECT_FALSE(slow.is_open());
}

TEST(Breaker, GivesUpAfterThreeProbesAndCountsNoStragglers) {
  Breaker breaker;
  for (int i = 0; i < 30; ++i) breaker.on_failure(Steady{} + 1s, false);
  EXPECT_FALSE(breaker.has_given_up());
  for (int i = 0; i < 3; ++i) breaker.on_failure(Steady{} + 20s, true);
  EXPECT_TRUE(breaker.has_given_up());
}

}  // namespace
}  // namespace heretix
