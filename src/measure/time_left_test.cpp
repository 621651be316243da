#include "measure/time_left.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <queue>
#include <random>
#include <vector>

namespace heretix {
namespace {

using Seconds = TimeLeft::Time;

// A model that is asked by a clock which the test sets: `concurrency` questions at once, and question i takes
// `takes(i)` seconds, from `may_begin(i)` on at the earliest.
struct PlayedModel {
  std::size_t questions = 40;
  std::size_t concurrency = 1;
  std::function<double(std::size_t)> takes = [](std::size_t) { return 1.0; };
  std::function<double(std::size_t)> size = [](std::size_t) { return 100.0; };
  std::function<double(std::size_t)> may_begin = [](std::size_t) { return 0.0; };
  std::size_t sent_at_once = 0;  // above `concurrency`: the others wait at the model, and look as if in flight
};

struct PlayedQuestion {
  double begins = 0, ends = 0;
};

std::vector<PlayedQuestion> timetable(const PlayedModel& model) {
  std::priority_queue<double, std::vector<double>, std::greater<>> free;
  for (std::size_t i = 0; i < model.concurrency; ++i) free.push(0);
  std::vector<PlayedQuestion> all;
  for (std::size_t i = 0; i < model.questions; ++i) {
    const double begins = std::max(free.top(), model.may_begin(i));
    free.pop();
    all.push_back({begins, begins + model.takes(i)});
    free.push(all.back().ends);
  }
  for (std::size_t i = 0; i < all.size() && model.sent_at_once > 0; ++i)
    all[i].begins = i < model.sent_at_once ? 0 : all[i - model.sent_at_once].ends;
  return all;
}

// The largest distance of the time left from the truth, from the first fifth of the answers on: as a share of the
// truth, where at least a tenth of the run is left. It is looked at 500 times, and at each answer.
double worst_of(const PlayedModel& model) {
  const std::vector<PlayedQuestion> table = timetable(model);
  double end = 0;
  struct Event {
    double at;
    int kind;  // 0: a reply, 1: a question is sent, 2: a look
    std::size_t question;
  };
  std::vector<Event> events;
  for (std::size_t i = 0; i < table.size(); ++i) {
    events.push_back({table[i].begins, 1, i});
    events.push_back({table[i].ends, 0, i});
    events.push_back({table[i].ends, 2, i});
    end = std::max(end, table[i].ends);
  }
  for (int k = 0; k < 500; ++k) events.push_back({end * k / 500, 2, 0});
  std::ranges::stable_sort(events, {}, [](const Event& e) { return std::pair(e.at, e.kind); });

  TimeLeft pace;
  std::map<std::size_t, double> sizes;
  for (std::size_t i = 0; i < model.questions; ++i) sizes[i] = model.size(i);
  pace.open(Seconds(0), sizes);
  std::size_t answered = 0;
  double worst = 0;
  for (const Event& e : events) {
    if (e.kind == 0) pace.came(Seconds(e.at), e.question, true), ++answered;
    if (e.kind == 1) pace.sent(Seconds(e.at), e.question);
    if (e.kind != 2 || answered * 5 < model.questions) continue;
    const double truth = end - e.at;
    if (truth < end / 10) continue;
    const auto told = pace.left(Seconds(e.at));
    EXPECT_TRUE(told.has_value());
    worst = std::max(worst, std::abs(told->count() - truth) / truth);
  }
  EXPECT_EQ(pace.left(Seconds(end))->count(), 0.0);
  return worst;
}

constexpr double kPromised = 0.30;

TEST(TimeLeft, IsRightForASteadyModelThatAnswersOneByOne) { EXPECT_LT(worst_of({}), 0.05); }

TEST(TimeLeft, IsRightForQuestionsInFlightTogether) {
  for (const std::size_t concurrency : {2U, 4U, 7U, 16U}) {
    for (const std::size_t questions : {40U, 64U, 200U}) {
      SCOPED_TRACE(testing::Message() << questions << " questions, " << concurrency << " at once");
      EXPECT_LT(worst_of({.questions = questions, .concurrency = concurrency}), kPromised);
    }
  }
}

TEST(TimeLeft, IsRightWhereTheFirstAnswersAreSlow) {
  const auto warms_up = [](std::size_t i) { return i < 3 ? 5.0 : 1.0; };
  EXPECT_LT(worst_of({.questions = 40, .takes = warms_up}), kPromised);
  EXPECT_LT(worst_of({.questions = 100, .concurrency = 4, .takes = warms_up}), kPromised);
}

TEST(TimeLeft, IsRightForPromptsOfDifferingLength) {
  const auto grows = [](std::size_t i) { return 100.0 + 25.0 * static_cast<double>(i); };
  const auto mixed = [](std::size_t i) { return i % 3 == 0 ? 2000.0 : 300.0; };
  for (const auto& size : {std::function<double(std::size_t)>(grows), std::function<double(std::size_t)>(mixed)}) {
    const auto by_size = [&](std::size_t i) { return size(i) / 500; };
    const auto partly = [&](std::size_t i) { return 0.5 + size(i) / 1000; };
    const auto not_at_all = [](std::size_t) { return 1.0; };
    EXPECT_LT(worst_of({.takes = by_size, .size = size}), kPromised);
    EXPECT_LT(worst_of({.takes = partly, .size = size}), kPromised);
    EXPECT_LT(worst_of({.takes = not_at_all, .size = size}), kPromised);
    EXPECT_LT(worst_of({.questions = 80, .concurrency = 4, .takes = by_size, .size = size}), kPromised);
  }
}

TEST(TimeLeft, IsRightUnderARateLimit) {
  // A question each half second, answered in 0.2 s; and twelve at the start, then one each second.
  const auto steady = [](std::size_t i) { return 0.5 * static_cast<double>(i); };
  const auto bucket = [](std::size_t i) { return i < 12 ? 0.0 : static_cast<double>(i) - 11.0; };
  // Ten in each ten seconds.
  const auto windows = [](std::size_t i) { return 10.0 * std::floor(static_cast<double>(i) / 10); };
  const auto quick = [](std::size_t) { return 0.2; };
  EXPECT_LT(worst_of({.concurrency = 8, .takes = quick, .may_begin = steady}), kPromised);
  EXPECT_LT(worst_of({.questions = 80, .concurrency = 12, .takes = quick, .may_begin = bucket}), kPromised);
  EXPECT_LT(worst_of({.questions = 100, .concurrency = 10, .takes = quick, .may_begin = windows}), kPromised);
}

TEST(TimeLeft, IsRightWhereQuestionsWaitForEachOtherAtTheModel) {
  const auto mixed = [](std::size_t i) { return 300.0 + 100.0 * static_cast<double>(i * 7 % 10); };
  const auto by_size = [&](std::size_t i) { return mixed(i) / 500; };
  for (const std::size_t concurrency : {1U, 2U, 4U}) {
    SCOPED_TRACE(testing::Message() << concurrency << " at once");
    EXPECT_LT(worst_of({.questions = 40, .concurrency = concurrency, .sent_at_once = 100}), kPromised);
    EXPECT_LT(worst_of({.questions = 200, .concurrency = concurrency, .sent_at_once = 20}), kPromised);
  }
  EXPECT_LT(worst_of({.questions = 40, .takes = by_size, .size = mixed, .sent_at_once = 100}), kPromised);
}

TEST(TimeLeft, IsRightWhereAnswersDifferALittle) {
  std::mt19937 random(7);
  for (const std::size_t concurrency : {1U, 4U, 16U}) {
    for (int draw = 0; draw < 10; ++draw) {
      std::vector<double> seconds;
      for (int i = 0; i < 100; ++i) seconds.push_back(std::uniform_real_distribution(0.8, 1.2)(random));
      SCOPED_TRACE(testing::Message() << concurrency << " at once, draw " << draw);
      EXPECT_LT(
          worst_of({.questions = 100, .concurrency = concurrency, .takes = [&](std::size_t i) { return seconds[i]; }}),
          kPromised);
    }
  }
}

TEST(TimeLeft, GrowsWhereNothingComesAnyMore) {
  TimeLeft pace;
  pace.open(Seconds(0), {{0, 1.0}, {1, 1.0}, {2, 1.0}, {3, 1.0}});
  for (std::size_t i = 0; i < 2; ++i) {
    pace.sent(Seconds(static_cast<double>(i)), i);
    pace.came(Seconds(static_cast<double>(i) + 1), i, true);
  }
  pace.sent(Seconds(2), 2);
  EXPECT_NEAR(pace.left(Seconds(2.5))->count(), 1.5, 0.1);
  EXPECT_GT(pace.left(Seconds(60))->count(), 20);
}

TEST(TimeLeft, SaysNothingBeforeThereIsASpeed) {
  TimeLeft pace;
  pace.open(Seconds(0), {{0, 1.0}, {1, 1.0}});
  EXPECT_FALSE(pace.left(Seconds(1)).has_value());
  pace.sent(Seconds(1), 0);
  EXPECT_FALSE(pace.left(Seconds(5)).has_value());
  pace.came(Seconds(5), 0, false);  // it failed, and will be sent again
  EXPECT_FALSE(pace.left(Seconds(6)).has_value());
}

TEST(TimeLeft, CountsQuestionsOfLaterRuns) {
  TimeLeft pace;
  pace.expect(8);
  pace.open(Seconds(0), {{0, 1.0}, {1, 1.0}});
  for (std::size_t i = 0; i < 2; ++i) {
    pace.sent(Seconds(static_cast<double>(i)), i);
    pace.came(Seconds(static_cast<double>(i) + 1), i, true);
  }
  EXPECT_NEAR(pace.left(Seconds(2))->count(), 8, 0.01);
  pace.expect(6);
  pace.open(Seconds(2), {{0, 1.0}, {1, 1.0}});
  EXPECT_NEAR(pace.left(Seconds(2))->count(), 8, 0.01);
}

// Sixteen questions in flight together: their prompts go through the model one after the other, then all answers are
// written together, and the first reply comes at the very end.
struct PlayedWork {
  double prompt_seconds = 0.01, output_seconds = 0.03;  // a token
  double warm_up = 0;                                   // seconds that the first prompt takes longer
  double output_expected = 60, output_written = 60;     // tokens of an answer
};

double worst_of(const PlayedWork& played) {
  constexpr std::size_t kQuestions = 16;
  const auto tokens = [](std::size_t i) { return 40.0 + 20.0 * static_cast<double>(i); };
  std::map<std::size_t, double> sizes;
  WorkDone work;
  for (std::size_t i = 0; i < kQuestions; ++i) {
    sizes[i] = tokens(i) * 4;
    work.prompt_all += tokens(i);
  }
  work.output_all = kQuestions * played.output_expected;
  const double end = played.warm_up + work.prompt_all * played.prompt_seconds +
                     kQuestions * played.output_written * played.output_seconds;

  TimeLeft pace;
  pace.open(Seconds(0), sizes);
  for (std::size_t i = 0; i < kQuestions; ++i) pace.sent(Seconds(0), i);
  double now = 0, worst = 0;
  const auto look = [&] {
    pace.worked(Seconds(now), work);
    const double truth = end - now;
    if (now < end / 5 || truth < end / 10) return;
    worst = std::max(worst, std::abs(pace.left(Seconds(now)).value().count() - truth) / truth);
  };
  look();
  for (std::size_t i = 0; i < kQuestions; ++i) {
    now += tokens(i) * played.prompt_seconds + (i == 0 ? played.warm_up : 0);
    work.prompt += tokens(i);
    look();
  }
  for (double step = 0; step < played.output_written; ++step) {
    now += kQuestions * played.output_seconds;
    work.output += kQuestions;
    look();
  }
  return worst;
}

TEST(TimeLeft, CountsPromptTokensOfAModelInThisProcess) {
  EXPECT_LT(worst_of(PlayedWork{.output_seconds = 0.025}), kPromised);
  EXPECT_LT(worst_of(PlayedWork{}), kPromised);
  EXPECT_LT(worst_of(PlayedWork{.warm_up = 2}), kPromised);
  EXPECT_LT(worst_of(PlayedWork{.output_written = 57}), kPromised);
  EXPECT_LT(worst_of(PlayedWork{.output_expected = 0, .output_written = 0}), kPromised);
}

// What is read off a model's next tokens: first the prefix that all questions share, by all threads together and at a
// speed of its own, then the questions, and an answer comes whenever one of them is read. The work is told ten times a
// second.
struct PlayedReading {
  double shared_seconds = 0.0029, own_seconds = 0.0029;  // a token, by all threads
};

double worst_of(const PlayedReading& played) {
  constexpr std::size_t kQuestions = 8;
  constexpr double kShared = 71, kOwn = 40, kStep = 0.1;
  const double shared_ends = kShared * played.shared_seconds;
  const double end = shared_ends + kQuestions * kOwn * played.own_seconds;

  TimeLeft pace;
  std::map<std::size_t, double> sizes;
  for (std::size_t i = 0; i < kQuestions; ++i) sizes[i] = 150;
  pace.open(Seconds(0), sizes);
  for (std::size_t i = 0; i < kQuestions; ++i) pace.sent(Seconds(0), i);

  double worst = 0;
  std::size_t read = 0;
  WorkDone work{.prompt_all = kShared + kQuestions * kOwn};
  for (double now = 0; now < end; now += kStep) {
    const double own = std::max(0.0, now - shared_ends) / played.own_seconds;
    work.prompt = std::min(now, shared_ends) / played.shared_seconds + own;
    pace.worked(Seconds(now), work);
    while (static_cast<double>(read + 1) * kOwn <= own) pace.came(Seconds(now), read++, true);

    const double truth = end - now;
    if (now < end / 5 || truth < end / 10) continue;
    worst = std::max(worst, std::abs(pace.left(Seconds(now)).value().count() - truth) / truth);
  }
  return worst;
}

TEST(TimeLeft, IsRightForAnswersThatAreReadOffAModelInThisProcess) {
  EXPECT_LT(worst_of(PlayedReading{}), kPromised);
  EXPECT_LT(worst_of(PlayedReading{.shared_seconds = 0.0036}), kPromised);  // two cores, as measured
  EXPECT_LT(worst_of(PlayedReading{.shared_seconds = 0.0020}), kPromised);
  EXPECT_LT(worst_of(PlayedReading{.shared_seconds = 0.36, .own_seconds = 0.29}), kPromised);  // a much larger model
}

TEST(TimeLeft, CountsTheTimeOfReportsThatSayNothingNew) {
  TimeLeft pace;
  pace.open(Seconds(0), {{0, 100.0}, {1, 100.0}});
  pace.sent(Seconds(0), 0);
  pace.sent(Seconds(0), 1);
  for (int at = 0; at < 4; ++at) pace.worked(Seconds(at), {.prompt_all = 200});
  pace.worked(Seconds(4), {.prompt = 100, .prompt_all = 200});
  EXPECT_NEAR(pace.left(Seconds(4))->count(), 4, 0.01);
}

TEST(TimeLeft, KnowsTheSpeedOfAnEarlierRunOfTheSameModel) {
  TimeLeft pace;
  pace.expect(2);
  pace.open(Seconds(0), {{0, 100.0}, {1, 300.0}});
  pace.sent(Seconds(0), 0);
  pace.sent(Seconds(0), 1);
  pace.worked(Seconds(0), {.prompt_all = 400});
  pace.worked(Seconds(1), {.prompt = 100, .prompt_all = 400});
  EXPECT_NEAR(pace.left(Seconds(1))->count(), 3 + 4, 0.01);
  pace.worked(Seconds(4), {.prompt = 400, .prompt_all = 400});
  pace.came(Seconds(4), 0, true);
  pace.came(Seconds(4), 1, true);
  pace.expect(0);
  pace.open(Seconds(5), {{0, 200.0}, {1, 200.0}});
  EXPECT_NEAR(pace.left(Seconds(5))->count(), 4, 0.01);
}

}  // namespace
}  // namespace heretix
